package wasmqtt;

import com.dylibso.chicory.compiler.MachineFactoryCompiler;
import com.dylibso.chicory.runtime.ExportFunction;
import com.dylibso.chicory.runtime.Instance;
import com.dylibso.chicory.runtime.Memory;
import com.dylibso.chicory.wasm.WasmModule;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import wasmqtt.Packet.Connect;
import wasmqtt.Packet.Property;

/**
 * wasmqtt.wasm in Java, by Chicory, which compiles it to bytecode: bytes to packets, packets to
 * bytes. One instance a thread; what it returns are copies.
 */
public final class Wasmqtt {
    // From assembly/layout.ts and assembly/codes.ts.
    static final int ABI_VERSION = 1;
    static final int CONNECT = 1;
    static final int ERROR_ARGUMENT = -30;
    static final int ERROR_NO_MEMORY = -31;
    static final int REGISTER_CONSUMED = 1024;
    static final int REGISTER_PROPERTIES_NEXT = 1032;
    static final int CONNECT_START = 1152;
    static final int RECORD_OWN = 1216;
    static final int RECORDS_START = 2048;
    static final int RECORD_SIZE = 64;
    static final int RECORD_HEAD = 0;
    static final int RECORD_PACKET_ID = 16;
    static final int RECORD_REASON = 20;
    static final int RECORD_TOPIC_START = 24;
    static final int RECORD_PROPERTIES_START = 32;
    static final int RECORD_PAYLOAD_START = 40;
    static final int RECORD_COUNT = 48;
    static final int RECORD_ALIAS = 52;
    static final int RECORD_EXPIRY = 56;
    static final int RECORD_BITS = 60;
    static final int CONNECT_CLIENT_ID_START = 16;
    static final int PROPERTIES_START = 67584;
    static final int PROPERTY_SIZE = 20;
    static final int SCRATCH_START = 77824;
    static final int SCRATCH_SIZE = 196608;
    /** Properties that are strings, binary data or pairs; the others are integers. */
    static final Set<Integer> TEXTS =
            Set.of(0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1a, 0x1c, 0x1f, 0x26);

    public final Memory memory;
    private final Instance instance;
    private final Map<String, ExportFunction> exports = new HashMap<>();

    public Wasmqtt(WasmModule module) {
        var factory = MachineFactoryCompiler.compile(module);
        instance = Instance.builder(module).withMachineFactory(factory).build();
        memory = instance.memory();
        int version = call("abi_version");
        if (version != ABI_VERSION) throw new IllegalArgumentException("ABI version " + version);
        call("initialize", new SecureRandom().nextInt());
    }

    /** Calls an export. */
    public int call(String name, int... arguments) {
        long[] values = new long[arguments.length];
        for (int i = 0; i < values.length; i++) values[i] = arguments[i];
        long[] results = exports.computeIfAbsent(name, instance::export).apply(values);
        return results == null || results.length == 0 ? 0 : (int) results[0];
    }

    /** The same for those that answer a negative error. */
    int tryCall(String name, int... arguments) {
        int result = call(name, arguments);
        if (result < 0) throw new WasmqttException(result);
        return result;
    }

    int word(int address) {
        return memory.readInt(address);
    }

    private void setWords(int address, int... values) {
        for (int i = 0; i < values.length; i++) memory.writeI32(address + i * 4, values[i]);
    }

    /** A copy of the bytes that the two words at pair point to. */
    private byte[] range(int pair) {
        return memory.readBytes(word(pair), word(pair + 4));
    }

    /** Puts a text where the exports find it; returns its length. */
    int put(byte[] text) {
        if (text.length > SCRATCH_SIZE) throw new WasmqttException(ERROR_ARGUMENT);
        memory.write(SCRATCH_START, text);
        return text.length;
    }

    /** Throws what is wrong with a topic name. */
    public void checkTopic(byte[] text) {
        tryCall("check_topic", SCRATCH_START, put(text));
    }

    /** Throws what is wrong with a topic filter. */
    public void checkFilter(byte[] text) {
        tryCall("check_filter", SCRATCH_START, put(text));
    }

    Packet packet(int record) {
        int head = word(record + RECORD_HEAD);
        int expiryAt = word(record + RECORD_EXPIRY);
        long expiry = expiryAt == 0 ? 0 : Integer.toUnsignedLong(Integer.reverseBytes(word(expiryAt)));
        return new Packet(
                head, word(record + RECORD_PACKET_ID), word(record + RECORD_REASON),
                range(record + RECORD_TOPIC_START), range(record + RECORD_PROPERTIES_START),
                range(record + RECORD_PAYLOAD_START), word(record + RECORD_COUNT),
                word(record + RECORD_ALIAS), expiry, word(record + RECORD_BITS),
                head >> 4 == CONNECT ? connect() : null);
    }

    private Connect connect() {
        int first = CONNECT_START + CONNECT_CLIENT_ID_START;
        return new Connect(
                word(CONNECT_START), word(CONNECT_START + 4), word(CONNECT_START + 8),
                range(first), range(first + 8), range(first + 16),
                range(first + 24), range(first + 32), range(first + 40));
    }

    /** The properties of a packet, one by one. */
    public List<Property> properties(byte[] bytes) {
        var list = new ArrayList<Property>();
        int end = SCRATCH_START + put(bytes);
        for (int at = SCRATCH_START; at < end; at = word(REGISTER_PROPERTIES_NEXT)) {
            int count = tryCall("properties", at, end - at);
            for (int i = 0; i < count; i++) {
                int entry = PROPERTIES_START + i * PROPERTY_SIZE;
                int id = word(entry);
                boolean isText = TEXTS.contains(id);
                long value = isText ? 0 : Integer.toUnsignedLong(word(entry + 4));
                byte[] text = isText ? range(entry + 4) : new byte[0];
                list.add(new Property(id, value, text, range(entry + 12)));
            }
        }
        return list;
    }

    /** The bytes of a packet; count, alias and expiry are what its other fields say. */
    public byte[] encode(Packet packet, int version) {
        var parts = new ArrayList<>(List.of(packet.topic(), packet.properties(), packet.payload()));
        Connect connect = packet.connect();
        if (connect != null) {
            parts.addAll(List.of(connect.clientId(), connect.willProperties(), connect.willTopic()));
            parts.addAll(List.of(connect.willPayload(), connect.userName(), connect.password()));
            setWords(CONNECT_START, connect.level(), connect.flags(), connect.keepAlive(), 0);
        }
        int room = 64; // more than all other fields
        for (byte[] part : parts) room += part.length;
        int block = call("allocate", room * 2);
        if (block == 0) throw new WasmqttException(ERROR_NO_MEMORY);
        int target = block;
        setWords(RECORD_OWN, packet.head(), 0, 0, 0, packet.packetId(), packet.reason());
        setWords(RECORD_OWN + RECORD_COUNT, 0, 0, 0, packet.bits());
        for (int i = 0; i < parts.size(); i++) {
            byte[] part = parts.get(i);
            int pair = i < 3
                    ? RECORD_OWN + RECORD_TOPIC_START + i * 8
                    : CONNECT_START + CONNECT_CLIENT_ID_START + (i - 3) * 8;
            memory.write(target, part);
            setWords(pair, part.length == 0 ? 0 : target, part.length);
            target += part.length;
        }
        try {
            return memory.readBytes(target, tryCall("encode", RECORD_OWN, version, target, room));
        } finally {
            call("free", block);
        }
    }
}
