package wasmqtt

// From assembly/layout.ts.
const (
	RegisterRows = 1044
	RowSize      = 16
)

// Row is a delivery: QoS in bits 0 and 1 of the options, 0x100 from a shared subscription.
type Row struct {
	Subscriber, Options int32
	Identifiers         []uint32
}

// Trie has filters matched by topics (subscriptions), or stored topics searched by filters
// (retained messages).
type Trie struct {
	module *Module
	root   int32
}

func NewTrie(module *Module) (*Trie, error) {
	root := module.Call("trie_create")
	if root == 0 {
		return nil, &Error{Code: ErrorNoMemory}
	}
	return &Trie{module, root}, nil
}

// Len is the number of subscriptions.
func (t *Trie) Len() int { return int(t.module.Call("trie_count", t.root)) }

func (t *Trie) with(name, text string, after ...int32) (int32, error) {
	return t.module.with(name, []int32{t.root}, []byte(text), after...)
}

// Insert says whether it replaced a subscription of the same subscriber to the same filter.
func (t *Trie) Insert(filter string, subscriber, options, identifier int32) (bool, error) {
	result, err := t.with("insert", filter, subscriber, options, identifier)
	return result == 1, err
}

// Remove says whether it was there.
func (t *Trie) Remove(filter string, subscriber int32) bool {
	result, _ := t.with("remove", filter, subscriber)
	return result == 1
}

// Match finds who gets a message, without the no-local subscriptions of its publisher (-1 = none).
func (t *Trie) Match(topic string, publisher int32) ([]Row, error) {
	count, err := t.with("match", topic, publisher)
	rows := make([]Row, count)
	at := t.module.word(RegisterRows)
	for i := range rows {
		var words struct{ Subscriber, Options, Identifier, Next int32 }
		t.module.load(at+uint32(i)*RowSize, &words)
		rows[i] = Row{Subscriber: words.Subscriber, Options: words.Options}
		for words.Identifier != 0 {
			rows[i].Identifiers = append(rows[i].Identifiers, uint32(words.Identifier))
			if words.Next == 0 {
				break
			}
			t.module.load(uint32(words.Next), &words)
		}
	}
	return rows, err
}

// Search finds the identifiers of the stored topics that a filter matches.
func (t *Trie) Search(filter string) ([]uint32, error) {
	count, err := t.with("search", filter)
	found := make([]uint32, count)
	t.module.load(t.module.word(RegisterRows), found)
	return found, err
}

// SetOnline tells shared groups whom to prefer.
func (m *Module) SetOnline(subscriber int32, online bool) error {
	value := int32(0)
	if online {
		value = 1
	}
	if code := m.Call("set_online", subscriber, value); code != 0 {
		return &Error{Code: code}
	}
	return nil
}
