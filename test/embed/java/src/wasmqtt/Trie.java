package wasmqtt;

import static wasmqtt.Wasmqtt.SCRATCH_START;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The topic trie: filters matched by topics (subscriptions), or stored topics searched by filters
 * (retained messages).
 */
public final class Trie {
    // From assembly/layout.ts.
    private static final int REGISTER_ROWS = 1044;
    private static final int ROW_SIZE = 16;
    private static final int ROW_SUBSCRIBER = 0;
    private static final int ROW_OPTIONS = 4;
    private static final int ROW_IDENTIFIER = 8;
    private static final int ROW_NEXT = 12;

    /** A delivery: QoS in bits 0 and 1 of the options, 0x100 from a shared subscription. */
    public record Row(int subscriber, int options, List<Integer> identifiers) {}

    private final Wasmqtt module;
    private final int root;

    public Trie(Wasmqtt module) {
        this.module = module;
        root = module.call("trie_create");
        if (root == 0) throw new WasmqttException(Wasmqtt.ERROR_NO_MEMORY);
    }

    /** Subscriptions. */
    public int size() {
        return module.call("trie_count", root);
    }

    private int put(String text) {
        return module.put(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Whether it replaced a subscription of the same subscriber to the same filter. */
    public boolean insert(String filter, int subscriber, int options, int identifier) {
        int length = put(filter);
        int[] arguments = {root, SCRATCH_START, length, subscriber, options, identifier};
        return module.tryCall("insert", arguments) == 1;
    }

    /** Whether it was there. */
    public boolean remove(String filter, int subscriber) {
        return module.tryCall("remove", root, SCRATCH_START, put(filter), subscriber) == 1;
    }

    /** Who gets a message, without the no-local subscriptions of its publisher (-1 = none). */
    public List<Row> match(String topic, int publisher) {
        int count = module.tryCall("match", root, SCRATCH_START, put(topic), publisher);
        var rows = new ArrayList<Row>();
        int first = module.word(REGISTER_ROWS);
        for (int i = 0; i < count; i++) rows.add(row(first + i * ROW_SIZE));
        return rows;
    }

    private Row row(int start) {
        var identifiers = new ArrayList<Integer>();
        for (int row = start; row != 0; row = module.word(row + ROW_NEXT)) {
            int identifier = module.word(row + ROW_IDENTIFIER);
            if (identifier != 0) identifiers.add(identifier);
        }
        int subscriber = module.word(start + ROW_SUBSCRIBER);
        return new Row(subscriber, module.word(start + ROW_OPTIONS), identifiers);
    }

    /** The identifiers of the stored topics that a filter matches. */
    public List<Integer> search(String filter) {
        int count = module.tryCall("search", root, SCRATCH_START, put(filter));
        var found = new ArrayList<Integer>();
        int first = module.word(REGISTER_ROWS);
        for (int i = 0; i < count; i++) found.add(module.word(first + i * 4));
        return found;
    }

    /** Shared groups prefer subscribers that are online. */
    public void setOnline(int subscriber, boolean online) {
        module.tryCall("set_online", subscriber, online ? 1 : 0);
    }
}
