package wasmqtt;

/** A code of codes.ts; reason and position (in the packet) are those of a malformed packet. */
public final class WasmqttException extends RuntimeException {
    public final int code;
    public final int reason;
    public final int position;

    public WasmqttException(int code, int reason, int position) {
        super("wasmqtt: error " + code);
        this.code = code;
        this.reason = reason;
        this.position = position;
    }

    public WasmqttException(int code) {
        this(code, 0, 0);
    }
}
