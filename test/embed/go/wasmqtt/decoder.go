package wasmqtt

// Decoder makes packets of the bytes of one connection.
type Decoder struct {
	module                         *Module
	version, sender, packetSizeMax int32
	tail                           []byte
	err                            error
}

// NewDecoder takes version 0 where a CONNECT is to come; packetSizeMax 0 is none.
func NewDecoder(module *Module, version, sender, packetSizeMax int32) *Decoder {
	return &Decoder{module: module, version: version, sender: sender, packetSizeMax: packetSizeMax}
}

// Push takes what arrives, in whatever pieces. After an error the connection must be closed; the
// packets before it are there.
func (d *Decoder) Push(chunk []byte) (packets []*Packet, err error) {
	m := d.module
	d.tail = append(d.tail, chunk...)
	start := uint32(m.Call("reserve", int32(len(d.tail))))
	if start == 0 {
		return nil, &Error{Code: ErrorNoMemory}
	}
	m.Memory.Write(start, d.tail)
	for consumed := uint32(1); consumed > 0 && d.err == nil; {
		length := int32(len(d.tail))
		count := m.Call("decode", int32(start), length, d.version, d.sender, d.packetSizeMax)
		consumed = m.word(RegisterConsumed)
		for i := range uint32(max(count, 0)) {
			var r record
			m.load(RecordsStart+i*RecordSize, &r)
			if r.Error != 0 {
				d.err = &Error{r.Error, r.Reason, int32(r.Payload.Start - r.Packet.Start)}
				break
			}
			p := m.packet(&r)
			if p.Connect != nil {
				d.version = p.Connect.Level
			}
			packets = append(packets, p)
		}
		start += consumed
		d.tail = d.tail[consumed:]
	}
	return packets, d.err
}
