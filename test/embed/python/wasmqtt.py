"""wasmqtt.wasm in Python, by wasmtime: bytes to packets, packets to bytes. Tries: topics.py.

To copy into a program. One Wasmqtt a thread; what it returns are copies.
"""

import secrets
import struct
from dataclasses import astuple, dataclass

from wasmtime import Engine, Instance, Module, Store

# From assembly/layout.ts and assembly/codes.ts.
ABI_VERSION = 1
CONNECT = 1
ERROR_ARGUMENT = -30
ERROR_NO_MEMORY = -31
REGISTER_CONSUMED = 1024
REGISTER_PROPERTIES_NEXT = 1032
CONNECT_START = 1152
RECORD_OWN = 1216
RECORDS_START = 2048
RECORD_SIZE = 64
PROPERTIES_START = 67584
PROPERTY_SIZE = 20
SCRATCH_START = 77824
SCRATCH_SIZE = 196608
# Properties that are strings, binary data or pairs; the others are integers.
TEXTS = {0x03, 0x08, 0x09, 0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F, 0x26}


class WasmqttError(Exception):
    """A code of codes.ts; reason and position (in the packet) are those of a malformed packet."""

    def __init__(self, code: int, reason: int = 0, position: int = 0):
        super().__init__(f"wasmqtt: error {code}")
        self.code, self.reason, self.position = code, reason, position


@dataclass
class Connect:
    level: int = 5
    flags: int = 2
    keep_alive: int = 0
    client_id: bytes = b""
    will_properties: bytes = b""
    will_topic: bytes = b""
    will_payload: bytes = b""
    user_name: bytes = b""
    password: bytes = b""


@dataclass
class Packet:
    """`head` is type << 4 | flags; `payload` of SUBSCRIBE, SUBACK and so on is the list of items."""

    head: int
    packet_id: int = 0
    reason: int = 0
    topic: bytes = b""
    properties: bytes = b""
    payload: bytes = b""
    count: int = 0
    alias: int = 0
    expiry: int = 0
    bits: int = 0
    connect: Connect | None = None


@dataclass
class Property:
    """`value` of integers, `text` of strings and binary data, both halves of a user property."""

    id: int
    value: int = 0
    text: bytes = b""
    second: bytes = b""


class Wasmqtt:
    def __init__(self, path: str):
        self.store = Store(Engine())
        exports = Instance(self.store, Module.from_file(self.store.engine, path), []).exports(self.store)
        self.exports = dict(exports.items())
        self.memory = self.exports["memory"]
        if self.call("abi_version") != ABI_VERSION:
            raise RuntimeError("another ABI version")
        self.call("initialize", secrets.randbits(31))

    def call(self, name: str, *arguments: int):
        return self.exports[name](self.store, *arguments)

    def read(self, start: int, length: int) -> bytes:
        return bytes(self.memory.read(self.store, start, start + length))

    def words(self, start: int, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}i", self.read(start, count * 4))

    def write(self, start: int, data: bytes) -> int:
        self.memory.write(self.store, data, start)
        return start + len(data)

    def put(self, text: bytes) -> int:
        """Puts a text where the exports find it; returns its length."""
        if len(text) > SCRATCH_SIZE:
            raise WasmqttError(ERROR_ARGUMENT)
        return self.write(SCRATCH_START, text) - SCRATCH_START

    def check(self, kind: str, text: bytes) -> int:
        """0, or what is wrong with a "topic" or "filter"."""
        return self.call(f"check_{kind}", SCRATCH_START, self.put(text))

    def packet(self, record: int) -> Packet:
        head, _, _, _, packet_id, reason, *ranges = self.words(record, 16)
        topic, properties, payload = (self.read(*ranges[i : i + 2]) for i in (0, 2, 4))
        count, alias, expiry_at, bits = ranges[6:]
        expiry = int.from_bytes(self.read(expiry_at, 4), "big") if expiry_at else 0
        connect = self.connect() if head >> 4 == CONNECT else None
        return Packet(
            head, packet_id, reason, topic, properties, payload, count, alias, expiry, bits, connect
        )

    def connect(self) -> Connect:
        level, flags, keep_alive, _, *ranges = self.words(CONNECT_START, 16)
        return Connect(level, flags, keep_alive, *(self.read(*ranges[i : i + 2]) for i in range(0, 12, 2)))

    def properties(self, data: bytes) -> list[Property]:
        """The properties of a packet, one by one."""
        found, at, end = [], SCRATCH_START, SCRATCH_START + self.put(data)
        while at < end:
            count = self.call("properties", at, end - at)
            if count < 0:
                raise WasmqttError(count)
            for i in range(count):
                id, *first, second, length = self.words(PROPERTIES_START + i * PROPERTY_SIZE, 5)
                if id in TEXTS:
                    found.append(Property(id, 0, self.read(*first), self.read(second, length)))
                else:
                    found.append(Property(id, first[0] & 0xFFFFFFFF))
            at = self.words(REGISTER_PROPERTIES_NEXT, 1)[0]
        return found

    def encode(self, packet: Packet, version: int) -> bytes:
        """The bytes of a packet; count, alias and expiry are what its other fields say."""
        texts = [packet.topic, packet.properties, packet.payload]
        if packet.connect:
            texts += astuple(packet.connect)[3:]
        room = sum(map(len, texts)) + 64  # 64: more than all other fields
        block = at = self.call("allocate", room * 2)
        if block == 0:
            raise WasmqttError(ERROR_NO_MEMORY)
        ranges = []
        for text in texts:
            ranges += [at if text else 0, len(text)]
            at = self.write(at, text)
        record = [packet.head, 0, 0, 0, packet.packet_id, packet.reason, *ranges[:6], 0, 0, 0, packet.bits]
        self.write(RECORD_OWN, struct.pack("<16i", *record))
        if packet.connect:
            integers = astuple(packet.connect)[:3]
            self.write(CONNECT_START, struct.pack("<16i", *integers, 0, *ranges[6:]))
        length = self.call("encode", RECORD_OWN, version, at, room)
        encoded = self.read(at, max(length, 0))
        self.call("free", block)
        if length < 0:
            raise WasmqttError(length)
        return encoded


class Decoder:
    """The bytes of one connection to packets. `error` says why it must be closed."""

    def __init__(self, module: Wasmqtt, version: int, sender: int, packet_size_max: int = 0):
        self.module, self.version, self.limits = module, version, (sender, packet_size_max)
        self.tail = b""
        self.error: WasmqttError | None = None

    def push(self, chunk: bytes) -> list[Packet]:
        module, data, packets = self.module, self.tail + chunk, []
        start = module.call("reserve", len(data))
        if start == 0:
            raise WasmqttError(ERROR_NO_MEMORY)
        end, consumed = module.write(start, data), 1
        while consumed > 0 and self.error is None:
            count = module.call("decode", start, end - start, self.version, *self.limits)
            consumed = module.words(REGISTER_CONSUMED, 1)[0]
            start += consumed
            for record in range(RECORDS_START, RECORDS_START + count * RECORD_SIZE, RECORD_SIZE):
                _, code, at, _, _, reason, *_, position = module.words(record, 11)
                if code < 0:
                    self.error = WasmqttError(code, reason, position - at)
                    break
                packets.append(module.packet(record))
                if packets[-1].connect:
                    self.version = packets[-1].connect.level
        self.tail = module.read(start, end - start)
        return packets
