// The vectors in Go: main <module> <document> prints the report as one line of JSON.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"runtime/debug"
	"slices"
	"time"

	"github.com/tetratelabs/wazero"

	"wasmqtt/wasmqtt"
)

// Hex is bytes in the document.
type Hex []byte

func (h *Hex) UnmarshalJSON(text []byte) (err error) {
	*h, err = hex.DecodeString(string(bytes.Trim(text, `"`)))
	return err
}

type plainPacket struct {
	Head, PacketID, Reason, Count, Alias, Bits int32
	Expiry                                     uint32
	Topic, Properties, Payload                 Hex
	Connect                                    *struct {
		Level, Flags, KeepAlive                                              int32
		ClientID, WillProperties, WillTopic, WillPayload, UserName, Password Hex
	}
}

type plainProperty struct {
	ID            int32
	Value         uint32
	Bytes, Second Hex
}

type step struct {
	Action, Text                            string
	Subscriber, Options, Identifier, Result int32
	Rows                                    []wasmqtt.Row
	Identifiers                             []uint32
}

// The vectors of all groups: each uses some of the fields.
type vector struct {
	Title, Kind, Name               string
	Version, Sender, PacketSizeMax  int32
	Error, Reason, Position, Result int32
	Bytes                           Hex
	Packet                          plainPacket
	Properties                      []plainProperty
	Chunks, Heads, Arguments        []int32
	PayloadBytes                    int
	Steps                           []step
}

type bench struct {
	Version int32
	Packet  Hex
	Count   int
}

type report struct {
	Version     string   `json:"version"`
	Passed      int      `json:"passed"`
	Total       int      `json:"total"`
	Nanoseconds float64  `json:"nanoseconds"`
	Failures    []string `json:"failures"`
}

func (p *plainPacket) packet() *wasmqtt.Packet {
	packet := &wasmqtt.Packet{
		Head: p.Head, PacketID: p.PacketID, Reason: p.Reason, Count: p.Count, Alias: p.Alias,
		Bits: p.Bits, Expiry: p.Expiry, Topic: p.Topic, Properties: p.Properties, Payload: p.Payload,
	}
	if c := p.Connect; c != nil {
		packet.Connect = &wasmqtt.ConnectFields{
			Level: c.Level, Flags: c.Flags, KeepAlive: c.KeepAlive, ClientID: c.ClientID,
			WillProperties: c.WillProperties, WillTopic: c.WillTopic, WillPayload: c.WillPayload,
			UserName: c.UserName, Password: c.Password,
		}
	}
	return packet
}

// The same, where nothing and no bytes are the same.
func same(one, other any) bool {
	a, _ := json.Marshal(one)
	b, _ := json.Marshal(other)
	empty := func(text []byte) []byte { return bytes.ReplaceAll(text, []byte("null"), []byte(`""`)) }
	return bytes.Equal(empty(a), empty(b))
}

func codeOf(err error) int32 {
	var found *wasmqtt.Error
	if errors.As(err, &found) {
		return found.Code
	}
	return 0
}

func pushAll(d *wasmqtt.Decoder, wire []byte, sizes ...int32) (packets []*wasmqtt.Packet, last error) {
	for turn := 0; len(wire) > 0; turn++ {
		size := min(int(sizes[turn%len(sizes)]), len(wire))
		more, err := d.Push(wire[:size])
		packets, last, wire = append(packets, more...), err, wire[size:]
	}
	return packets, last
}

func pass(m *wasmqtt.Module, group string, v *vector) bool {
	decoder := func() *wasmqtt.Decoder {
		return wasmqtt.NewDecoder(m, v.Version, v.Sender, v.PacketSizeMax)
	}
	switch group {
	case "decode":
		whole, err := pushAll(decoder(), v.Bytes, math.MaxInt32)
		slow, err2 := pushAll(decoder(), v.Bytes, 1)
		expected := []*wasmqtt.Packet{v.Packet.packet()}
		return err == nil && err2 == nil && same(whole, expected) && same(slow, expected)
	case "encode":
		wire, err := m.Encode(v.Packet.packet(), v.Version)
		return err == nil && bytes.Equal(wire, v.Bytes)
	case "invalid":
		wanted := &wasmqtt.Error{Code: v.Error, Reason: v.Reason, Position: v.Position}
		whole, err := pushAll(decoder(), v.Bytes, math.MaxInt32)
		slow, err2 := pushAll(decoder(), v.Bytes, 1)
		right := reflect.DeepEqual(err, error(wanted)) && reflect.DeepEqual(err2, error(wanted))
		return right && len(whole)+len(slow) == 0
	case "unencodable":
		_, err := m.Encode(v.Packet.packet(), v.Version)
		return codeOf(err) == v.Error
	case "properties":
		list, err := m.Properties(v.Bytes)
		expected := make([]wasmqtt.Property, len(v.Properties))
		for i, p := range v.Properties {
			expected[i] = wasmqtt.Property{ID: p.ID, Value: p.Value, Text: p.Bytes, Second: p.Second}
		}
		return err == nil && (len(list) == 0 && len(expected) == 0 || same(list, expected))
	case "streams":
		packets, err := pushAll(decoder(), v.Bytes, v.Chunks...)
		var heads []int32
		payload := 0
		for _, packet := range packets {
			heads = append(heads, packet.Head)
			payload += len(packet.Payload)
		}
		return slices.Equal(heads, v.Heads) && payload == v.PayloadBytes && codeOf(err) == v.Error
	case "names":
		check := m.CheckTopic
		if v.Kind == "filter" {
			check = m.CheckFilter
		}
		return codeOf(check(v.Bytes)) == v.Result
	case "tries":
		trie, err := wasmqtt.NewTrie(m)
		passes := func(s step) bool { return passStep(m, trie, s) }
		return err == nil && !slices.ContainsFunc(v.Steps, func(s step) bool { return !passes(s) })
	case "calls":
		return m.Call(v.Name, v.Arguments...) == v.Result
	}
	return false
}

func passStep(m *wasmqtt.Module, trie *wasmqtt.Trie, s step) bool {
	switch s.Action {
	case "insert":
		replaced, err := trie.Insert(s.Text, s.Subscriber, s.Options, s.Identifier)
		return codeOf(err) == min(s.Result, 0) && replaced == (s.Result == 1)
	case "remove":
		return trie.Remove(s.Text, s.Subscriber) == (s.Result == 1)
	case "count":
		return trie.Len() == int(s.Result)
	case "online":
		return m.SetOnline(s.Subscriber, s.Options == 1) == nil
	case "search":
		found, err := trie.Search(s.Text)
		slices.Sort(found)
		return err == nil && slices.Equal(found, s.Identifiers)
	}
	rows, err := trie.Match(s.Text, s.Subscriber)
	slices.SortFunc(rows, func(a, b wasmqtt.Row) int {
		return cmp.Or(cmp.Compare(a.Subscriber, b.Subscriber), cmp.Compare(a.Options, b.Options))
	})
	return err == nil && slices.EqualFunc(rows, s.Rows, func(a, b wasmqtt.Row) bool {
		slices.Sort(a.Identifiers)
		return a.Subscriber == b.Subscriber && a.Options == b.Options &&
			slices.Equal(a.Identifiers, b.Identifiers)
	})
}

// Nanoseconds a packet: the best of some rounds.
func measure(m *wasmqtt.Module, b bench) float64 {
	batch := bytes.Repeat(b.Packet, b.Count)
	start := m.Call("reserve", int32(len(batch)))
	best, sum := math.Inf(1), uint32(0)
	for range 50 {
		packets, started := 0, time.Now()
		for time.Since(started) < 10*time.Millisecond {
			m.Memory.Write(uint32(start), batch)
			count := m.Call("decode", start, int32(len(batch)), b.Version, 1, 0)
			records, _ := m.Memory.Read(wasmqtt.RecordsStart, uint32(count)*wasmqtt.RecordSize)
			for ; len(records) > 0; records = records[wasmqtt.RecordSize:] {
				sum += binary.LittleEndian.Uint32(records[24:]) + binary.LittleEndian.Uint32(records[28:])
				sum += binary.LittleEndian.Uint32(records[40:]) + binary.LittleEndian.Uint32(records[44:])
			}
			packets += int(count)
		}
		best = min(best, float64(time.Since(started).Nanoseconds())/float64(packets))
	}
	if sum == 0 {
		panic("nothing was decoded")
	}
	return best
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func wazeroVersion() string {
	info, _ := debug.ReadBuildInfo()
	for _, dependency := range info.Deps {
		if dependency.Path == "github.com/tetratelabs/wazero" {
			return "wazero " + dependency.Version
		}
	}
	return "wazero"
}

func main() {
	wasm, err := os.ReadFile(os.Args[1])
	check(err)
	text, err := os.ReadFile(os.Args[2])
	check(err)
	var document map[string]json.RawMessage
	check(json.Unmarshal(text, &document))
	ctx := context.Background()
	runtime := wazero.NewRuntime(ctx)
	module, err := wasmqtt.New(ctx, runtime, wasm)
	check(err)
	result := report{Version: wazeroVersion(), Failures: []string{}}
	for group, raw := range document {
		if raw[0] != '[' {
			continue
		}
		var vectors []vector
		check(json.Unmarshal(raw, &vectors))
		for _, v := range vectors {
			result.Total++
			if pass(module, group, &v) {
				result.Passed++
			} else if len(result.Failures) < 10 {
				result.Failures = append(result.Failures, group+": "+v.Title)
			}
		}
	}
	var b bench
	check(json.Unmarshal(document["bench"], &b))
	result.Nanoseconds = measure(module, b)
	line, _ := json.Marshal(result)
	fmt.Println(string(line))
}
