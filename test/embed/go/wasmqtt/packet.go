package wasmqtt

import "fmt"

// What lies in memory, word for word.
type (
	span   struct{ Start, Length uint32 }
	record struct {
		Head, Error                int32
		Packet                     span
		PacketID, Reason           int32
		Topic, Properties, Payload span
		Count, Alias, Expiry, Bits int32
	}
	block struct {
		Level, Flags, KeepAlive, Reserved                                    int32
		ClientID, WillProperties, WillTopic, WillPayload, UserName, Password span
	}
	entry struct {
		ID     int32
		Text   span
		Second span
	}
)

// Error is a code of codes.ts; Reason and Position (in the packet) are those of a malformed packet.
type Error struct{ Code, Reason, Position int32 }

func (e *Error) Error() string { return fmt.Sprintf("wasmqtt: error %d", e.Code) }

// Packet has 0 or nothing where a packet has nothing. Head is type << 4 | flags; Payload of
// SUBSCRIBE, SUBACK and so on is the list of items; Properties are bytes, see Module.Properties.
type Packet struct {
	Head, PacketID, Reason, Count, Alias, Bits int32
	Expiry                                     uint32
	Topic, Properties, Payload                 []byte
	Connect                                    *ConnectFields
}

type ConnectFields struct {
	Level, Flags, KeepAlive                                              int32
	ClientID, WillProperties, WillTopic, WillPayload, UserName, Password []byte
}

// Property has a Value if it is an integer, else Text; a user property has Second too.
type Property struct {
	ID           int32
	Value        uint32
	Text, Second []byte
}
