package wasmqtt;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The bytes of one connection to packets: push what arrives, in whatever pieces. */
public final class Decoder {
    // From assembly/layout.ts.
    private static final int RECORD_ERROR = 4;
    private static final int RECORD_START = 8;
    private static final int RECORD_POSITION = 40;

    private final Wasmqtt module;
    private final int sender;
    private final int packetSizeMax;
    private int version;
    private byte[] tail = new byte[0];
    private WasmqttException error;

    /** version is 0 where a CONNECT is to come; packetSizeMax 0 is none. */
    public Decoder(Wasmqtt module, int version, int sender, int packetSizeMax) {
        this.module = module;
        this.version = version;
        this.sender = sender;
        this.packetSizeMax = packetSizeMax;
    }

    /** Why the connection must be closed, or null; after an error push gives nothing. */
    public WasmqttException error() {
        return error;
    }

    public List<Packet> push(byte[] chunk) {
        var packets = new ArrayList<Packet>();
        byte[] bytes = Arrays.copyOf(tail, tail.length + chunk.length);
        System.arraycopy(chunk, 0, bytes, tail.length, chunk.length);
        int input = module.call("reserve", bytes.length);
        if (input == 0) throw new WasmqttException(Wasmqtt.ERROR_NO_MEMORY);
        module.memory.write(input, bytes);
        int at = 0;
        for (int consumed = 1; consumed > 0 && error == null; at += consumed) {
            int left = bytes.length - at;
            int count = module.call("decode", input + at, left, version, sender, packetSizeMax);
            consumed = module.word(Wasmqtt.REGISTER_CONSUMED);
            for (int i = 0; i < count; i++) {
                take(Wasmqtt.RECORDS_START + i * Wasmqtt.RECORD_SIZE, packets);
            }
        }
        tail = Arrays.copyOfRange(bytes, at, bytes.length);
        return packets;
    }

    private void take(int record, List<Packet> packets) {
        int code = module.word(record + RECORD_ERROR);
        if (code != 0) {
            int position = module.word(record + RECORD_POSITION) - module.word(record + RECORD_START);
            error = new WasmqttException(code, module.word(record + Wasmqtt.RECORD_REASON), position);
            return;
        }
        Packet packet = module.packet(record);
        if (packet.connect() != null) version = packet.connect().level();
        packets.add(packet);
    }
}
