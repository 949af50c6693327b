package wasmqtt;

import com.dylibso.chicory.wasm.Parser;
import com.google.gson.Gson;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import wasmqtt.Packet.Connect;

/** The vectors in Java: Main <module> <document> prints the report as one line of JSON. */
public final class Main {
    private static final Gson GSON = new Gson();
    private static final HexFormat HEX = HexFormat.of();
    private static final int FAILURES_SHOWN = 10;

    private final Wasmqtt module;

    private Main(Wasmqtt module) {
        this.module = module;
    }

    private static byte[] hex(JsonObject fields, String name) {
        return HEX.parseHex(fields.get(name).getAsString());
    }

    private static int integer(JsonObject fields, String name) {
        return fields.has(name) ? fields.get(name).getAsInt() : 0;
    }

    private static Packet packetOf(JsonObject p) {
        return new Packet(
                integer(p, "head"), integer(p, "packetId"), integer(p, "reason"), hex(p, "topic"),
                hex(p, "properties"), hex(p, "payload"), integer(p, "count"), integer(p, "alias"),
                p.get("expiry").getAsLong(), integer(p, "bits"),
                p.get("connect").isJsonNull() ? null : connectOf(p.getAsJsonObject("connect")));
    }

    private static Connect connectOf(JsonObject c) {
        return new Connect(
                integer(c, "level"), integer(c, "flags"), integer(c, "keepAlive"),
                hex(c, "clientId"), hex(c, "willProperties"), hex(c, "willTopic"),
                hex(c, "willPayload"), hex(c, "userName"), hex(c, "password"));
    }

    /** Records and lists with their bytes, so that two of them can be compared. */
    private static String text(Object value) {
        return GSON.toJson(value);
    }

    private static int codeOf(Runnable run) {
        try {
            run.run();
            return 0;
        } catch (WasmqttException error) {
            return error.code;
        }
    }

    private Decoder decoder(JsonObject v) {
        int packetSizeMax = integer(v, "packetSizeMax");
        return new Decoder(module, integer(v, "version"), integer(v, "sender"), packetSizeMax);
    }

    private static List<Packet> pushAll(Decoder decoder, byte[] bytes, int... sizes) {
        var packets = new ArrayList<Packet>();
        for (int at = 0, turn = 0; at < bytes.length; turn++) {
            int end = (int) Math.min((long) at + sizes[turn % sizes.length], bytes.length);
            packets.addAll(decoder.push(Arrays.copyOfRange(bytes, at, end)));
            at = end;
        }
        return packets;
    }

    private boolean passes(String group, JsonObject v) {
        switch (group) {
            case "decode": {
                String expected = text(List.of(packetOf(v.getAsJsonObject("packet"))));
                byte[] bytes = hex(v, "bytes");
                return text(pushAll(decoder(v), bytes, bytes.length)).equals(expected)
                        && text(pushAll(decoder(v), bytes, 1)).equals(expected);
            }
            case "encode": {
                Packet packet = packetOf(v.getAsJsonObject("packet"));
                byte[] encoded = module.encode(packet, integer(v, "version"));
                return HEX.formatHex(encoded).equals(v.get("bytes").getAsString());
            }
            case "invalid":
                return refuses(v, Integer.MAX_VALUE) && refuses(v, 1);
            case "unencodable": {
                Packet packet = packetOf(v.getAsJsonObject("packet"));
                int code = codeOf(() -> module.encode(packet, integer(v, "version")));
                return code == integer(v, "error");
            }
            case "properties":
                return lists(v);
            case "streams":
                return streams(v);
            case "names": {
                byte[] name = hex(v, "bytes");
                boolean isTopic = v.get("kind").getAsString().equals("topic");
                int code = codeOf(() -> {
                    if (isTopic) module.checkTopic(name);
                    else module.checkFilter(name);
                });
                return code == integer(v, "result");
            }
            case "tries": {
                var trie = new Trie(module);
                for (JsonElement step : v.getAsJsonArray("steps")) {
                    if (!passes(trie, step.getAsJsonObject())) return false;
                }
                return true;
            }
            default: {
                int[] arguments = GSON.fromJson(v.get("arguments"), int[].class);
                return module.call(v.get("name").getAsString(), arguments) == integer(v, "result");
            }
        }
    }

    private boolean refuses(JsonObject v, int size) {
        Decoder decoder = decoder(v);
        boolean none = pushAll(decoder, hex(v, "bytes"), size).isEmpty();
        WasmqttException error = decoder.error();
        return none && error != null && error.code == integer(v, "error")
                && error.reason == integer(v, "reason") && error.position == integer(v, "position");
    }

    private boolean lists(JsonObject v) {
        var expected = new ArrayList<Packet.Property>();
        for (JsonElement element : v.getAsJsonArray("properties")) {
            JsonObject p = element.getAsJsonObject();
            long value = p.get("value").getAsLong();
            var one = new Packet.Property(integer(p, "id"), value, hex(p, "bytes"), hex(p, "second"));
            expected.add(one);
        }
        return text(module.properties(hex(v, "bytes"))).equals(text(expected));
    }

    private boolean streams(JsonObject v) {
        Decoder decoder = decoder(v);
        int[] chunks = GSON.fromJson(v.get("chunks"), int[].class);
        List<Packet> packets = pushAll(decoder, hex(v, "bytes"), chunks);
        int payload = packets.stream().mapToInt(packet -> packet.payload().length).sum();
        int[] heads = packets.stream().mapToInt(Packet::head).toArray();
        int error = decoder.error() == null ? 0 : decoder.error().code;
        return text(heads).equals(v.get("heads").toString())
                && payload == integer(v, "payloadBytes") && error == integer(v, "error");
    }

    private boolean passes(Trie trie, JsonObject step) {
        String name = step.get("text").getAsString();
        int subscriber = integer(step, "subscriber");
        int options = integer(step, "options");
        int result = integer(step, "result");
        switch (step.get("action").getAsString()) {
            case "insert": {
                var replaced = new boolean[1];
                int identifier = integer(step, "identifier");
                int code = codeOf(() ->
                        replaced[0] = trie.insert(name, subscriber, options, identifier));
                return (replaced[0] ? 1 : code) == result;
            }
            case "remove":
                return trie.remove(name, subscriber) == (result == 1);
            case "count":
                return trie.size() == result;
            case "online":
                return codeOf(() -> trie.setOnline(subscriber, options == 1)) == 0;
            case "search": {
                List<Integer> found = trie.search(name);
                Collections.sort(found);
                return text(found).equals(step.get("identifiers").toString());
            }
            default: {
                List<Trie.Row> rows = trie.match(name, subscriber);
                for (Trie.Row row : rows) Collections.sort(row.identifiers());
                rows.sort(Comparator.comparing(Trie.Row::subscriber).thenComparing(Trie.Row::options));
                return GSON.toJsonTree(rows).equals(step.get("rows"));
            }
        }
    }

    /** Nanoseconds a packet: the best of some rounds. */
    private double bench(JsonObject v) {
        byte[] one = hex(v, "packet");
        byte[] batch = new byte[one.length * integer(v, "count")];
        for (int i = 0; i < batch.length; i++) batch[i] = one[i % one.length];
        int start = module.call("reserve", batch.length);
        int version = integer(v, "version");
        double best = Double.MAX_VALUE;
        long sum = 0;
        for (int round = 0; round < 300; round++) {
            long started = System.nanoTime();
            long packets = 0;
            while (System.nanoTime() - started < 10_000_000) {
                module.memory.write(start, batch);
                int count = module.call("decode", start, batch.length, version, 1, 0);
                for (int i = 0; i < count; i++) {
                    int record = Wasmqtt.RECORDS_START + i * Wasmqtt.RECORD_SIZE;
                    sum += module.word(record + Wasmqtt.RECORD_TOPIC_START);
                    sum += module.word(record + Wasmqtt.RECORD_TOPIC_START + 4);
                    sum += module.word(record + Wasmqtt.RECORD_PAYLOAD_START);
                    sum += module.word(record + Wasmqtt.RECORD_PAYLOAD_START + 4);
                }
                packets += count;
            }
            best = Math.min(best, (double) (System.nanoTime() - started) / packets);
        }
        if (sum == 0) throw new IllegalStateException("nothing was decoded");
        return best;
    }

    public static void main(String[] paths) throws Exception {
        var main = new Main(new Wasmqtt(Parser.parse(Path.of(paths[0]))));
        String document = Files.readString(Path.of(paths[1]));
        JsonObject vectors = JsonParser.parseString(document).getAsJsonObject();
        int passed = 0;
        int total = 0;
        var failures = new ArrayList<String>();
        for (Map.Entry<String, JsonElement> group : vectors.entrySet()) {
            if (!(group.getValue() instanceof JsonArray list)) continue;
            for (JsonElement element : list) {
                JsonObject vector = element.getAsJsonObject();
                String trouble = "another answer";
                boolean pass = false;
                try {
                    pass = main.passes(group.getKey(), vector);
                } catch (RuntimeException error) {
                    trouble = error.toString();
                }
                total++;
                if (pass) passed++;
                else if (failures.size() < FAILURES_SHOWN) {
                    failures.add(group.getKey() + ": " + vector.get("title") + ": " + trouble);
                }
            }
        }
        var report = new TreeMap<String, Object>();
        report.put("version", "Chicory on Java " + System.getProperty("java.version"));
        report.put("passed", passed);
        report.put("total", total);
        report.put("failures", failures);
        report.put("nanoseconds", main.bench(vectors.getAsJsonObject("bench")));
        System.out.println(GSON.toJson(report));
    }
}
