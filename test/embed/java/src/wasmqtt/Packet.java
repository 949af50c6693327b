package wasmqtt;

/**
 * What a packet is to a program; what it does not have is 0, empty or null. head is type << 4 |
 * flags; payload of SUBSCRIBE, SUBACK and so on is the list of items; properties are bytes, see
 * {@link Wasmqtt#properties}; strings are UTF-8 bytes.
 */
public record Packet(
        int head, int packetId, int reason, byte[] topic, byte[] properties, byte[] payload,
        int count, int alias, long expiry, int bits, Connect connect) {

    /** What only CONNECT has. */
    public record Connect(
            int level, int flags, int keepAlive, byte[] clientId, byte[] willProperties,
            byte[] willTopic, byte[] willPayload, byte[] userName, byte[] password) {}

    /** value of integers, bytes of strings and binary data, both halves of a user property. */
    public record Property(int id, long value, byte[] bytes, byte[] second) {}
}
