// Package wasmqtt is wasmqtt.wasm in Go, by wazero: bytes to packets, packets to bytes, topics to
// subscribers. One Module a goroutine; what it returns are copies.
package wasmqtt

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// From assembly/layout.ts and assembly/codes.ts.
const (
	ABIVersion             = 1
	Connect                = 1
	ErrorArgument          = -30
	ErrorNoMemory          = -31
	RegisterConsumed       = 1024
	RegisterPropertiesNext = 1032
	ConnectStart           = 1152
	RecordOwn              = 1216
	RecordsStart           = 2048
	RecordSize             = 64
	PropertiesStart        = 67584
	PropertySize           = 20
	ScratchStart           = 77824
	ScratchSize            = 196608
)

// Properties that are strings, binary data or pairs; the others are integers.
var texts = []int32{0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1a, 0x1c, 0x1f, 0x26}

type Module struct {
	ctx    context.Context
	module api.Module
	Memory api.Memory
}

func New(ctx context.Context, runtime wazero.Runtime, wasm []byte) (*Module, error) {
	module, err := runtime.InstantiateWithConfig(ctx, wasm, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return nil, err
	}
	m := &Module{ctx, module, module.Memory()}
	if version := m.Call("abi_version"); version != ABIVersion {
		return nil, fmt.Errorf("wasmqtt: ABI version %d", version)
	}
	m.Call("initialize", int32(rand.Uint32()))
	return m, nil
}

// Call calls an export.
func (m *Module) Call(name string, arguments ...int32) int32 {
	stack := make([]uint64, max(len(arguments), 1))
	for i, argument := range arguments {
		stack[i] = api.EncodeI32(argument)
	}
	if err := m.module.ExportedFunction(name).CallWithStack(m.ctx, stack); err != nil {
		panic(err) // a trap: no input makes one
	}
	return api.DecodeI32(stack[0])
}

func (m *Module) word(address uint32) uint32 {
	value, _ := m.Memory.ReadUint32Le(address)
	return value
}

func (m *Module) bytes(at span) []byte {
	view, _ := m.Memory.Read(at.Start, at.Length)
	return bytes.Clone(view)
}

// Reads what lies at an address into one of the structures above.
func (m *Module) load(address uint32, into any) {
	view, _ := m.Memory.Read(address, uint32(binary.Size(into)))
	binary.Decode(view, binary.LittleEndian, into)
}

func (m *Module) store(address uint32, from any) {
	words, _ := binary.Append(nil, binary.LittleEndian, from)
	m.Memory.Write(address, words)
}

// With calls an export with a root, if it takes one, and a text in memory.
func (m *Module) with(name string, before []int32, text []byte, after ...int32) (int32, error) {
	if len(text) > ScratchSize {
		return 0, &Error{Code: ErrorArgument}
	}
	m.Memory.Write(ScratchStart, text)
	arguments := slices.Concat(before, []int32{ScratchStart, int32(len(text))}, after)
	result := m.Call(name, arguments...)
	if result < 0 {
		return 0, &Error{Code: result}
	}
	return result, nil
}

// CheckTopic says what is wrong with a topic name, CheckFilter with a topic filter.
func (m *Module) CheckTopic(text []byte) error {
	_, err := m.with("check_topic", nil, text)
	return err
}
func (m *Module) CheckFilter(text []byte) error {
	_, err := m.with("check_filter", nil, text)
	return err
}

func (m *Module) packet(r *record) *Packet {
	p := &Packet{Head: r.Head, PacketID: r.PacketID, Reason: r.Reason, Count: r.Count}
	p.Alias, p.Bits = r.Alias, r.Bits
	p.Topic, p.Properties, p.Payload = m.bytes(r.Topic), m.bytes(r.Properties), m.bytes(r.Payload)
	if r.Expiry != 0 {
		p.Expiry = binary.BigEndian.Uint32(m.bytes(span{uint32(r.Expiry), 4}))
	}
	if r.Head>>4 == Connect {
		var b block
		m.load(ConnectStart, &b)
		p.Connect = &ConnectFields{
			b.Level, b.Flags, b.KeepAlive, m.bytes(b.ClientID), m.bytes(b.WillProperties),
			m.bytes(b.WillTopic), m.bytes(b.WillPayload), m.bytes(b.UserName), m.bytes(b.Password),
		}
	}
	return p
}

// Properties lists the properties of a packet.
func (m *Module) Properties(text []byte) (list []Property, err error) {
	if len(text) > ScratchSize {
		return nil, &Error{Code: ErrorArgument}
	}
	m.Memory.Write(ScratchStart, text)
	end := uint32(ScratchStart + len(text))
	for at := uint32(ScratchStart); at < end; at = m.word(RegisterPropertiesNext) {
		count := m.Call("properties", int32(at), int32(end-at))
		if count < 0 {
			return nil, &Error{Code: count}
		}
		for i := range uint32(count) {
			var e entry
			m.load(PropertiesStart+i*PropertySize, &e)
			if slices.Contains(texts, e.ID) {
				list = append(list, Property{e.ID, 0, m.bytes(e.Text), m.bytes(e.Second)})
			} else {
				list = append(list, Property{ID: e.ID, Value: e.Text.Start})
			}
		}
	}
	return list, nil
}

// Encode makes the bytes of a packet; Count, Alias and Expiry are what its other fields say.
func (m *Module) Encode(p *Packet, version int32) ([]byte, error) {
	parts := [][]byte{p.Topic, p.Properties, p.Payload}
	if c := p.Connect; c != nil {
		parts = append(parts, c.ClientID, c.WillProperties, c.WillTopic, c.WillPayload, c.UserName, c.Password)
	}
	all := bytes.Join(parts, nil)
	room := int32(len(all) + 64) // 64: more than all other fields
	start := m.Call("allocate", room*2)
	if start == 0 {
		return nil, &Error{Code: ErrorNoMemory}
	}
	defer m.Call("free", start)
	m.Memory.Write(uint32(start), all)
	spans := make([]span, 9)
	at := uint32(start)
	for i, part := range parts {
		if len(part) > 0 {
			spans[i] = span{at, uint32(len(part))}
		}
		at += uint32(len(part))
	}
	r := record{Head: p.Head, PacketID: p.PacketID, Reason: p.Reason, Bits: p.Bits}
	r.Topic, r.Properties, r.Payload = spans[0], spans[1], spans[2]
	m.store(RecordOwn, r)
	if c := p.Connect; c != nil {
		s := spans[3:]
		m.store(ConnectStart, block{c.Level, c.Flags, c.KeepAlive, 0, s[0], s[1], s[2], s[3], s[4], s[5]})
	}
	length := m.Call("encode", RecordOwn, version, int32(at), room)
	if length < 0 {
		return nil, &Error{Code: length}
	}
	return m.bytes(span{at, uint32(length)}), nil
}
