"""The vectors in Python: main.py <module> <document> prints the report as one line of JSON."""

import json
import sys
import time
from array import array
from importlib.metadata import version

from topics import Trie
from wasmqtt import RECORD_SIZE, RECORDS_START, Connect, Decoder, Packet, Wasmqtt, WasmqttError

BYTES = {"topic", "properties", "payload", "client_id", "will_properties"}
BYTES |= {"will_topic", "will_payload", "user_name", "password"}
ROUND_SECONDS = 0.01
ROUNDS = 50


def snake(name: str) -> str:
    return "".join("_" + c.lower() if c.isupper() else c for c in name)


def fields(plain: dict) -> dict:
    named = {snake(name): value for name, value in plain.items()}
    return {name: bytes.fromhex(x) if name in BYTES else x for name, x in named.items()}


def packet_of(plain: dict) -> Packet:
    packet = Packet(**fields(plain))
    if packet.connect:
        packet.connect = Connect(**fields(packet.connect))
    return packet


def code_of(run) -> int:
    try:
        return int(run() or 0)
    except WasmqttError as error:
        return error.code


def push_all(decoder: Decoder, pieces: list[bytes]) -> list[Packet]:
    return [packet for piece in pieces for packet in decoder.push(piece)]


def each_byte(wire: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in wire]


class Checks:
    def __init__(self, module: Wasmqtt):
        self.module = module

    def decode(self, v: dict) -> bool:
        wire, expected = bytes.fromhex(v["bytes"]), [packet_of(v["packet"])]
        return all(
            push_all(Decoder(self.module, v["version"], v["sender"]), pieces) == expected
            for pieces in ([wire], each_byte(wire))
        )

    def encode(self, v: dict) -> bool:
        return self.module.encode(packet_of(v["packet"]), v["version"]).hex() == v["bytes"]

    def invalid(self, v: dict) -> bool:
        wire, wanted = bytes.fromhex(v["bytes"]), (v["error"], v["reason"], v["position"])
        for pieces in ([wire], each_byte(wire)):
            decoder = Decoder(self.module, v["version"], v["sender"], v["packetSizeMax"])
            packets, error = push_all(decoder, pieces), decoder.error
            if packets or error is None or (error.code, error.reason, error.position) != wanted:
                return False
        return True

    def unencodable(self, v: dict) -> bool:
        code = code_of(lambda: len(self.module.encode(packet_of(v["packet"]), v["version"])))
        return code == v["error"]

    def properties(self, v: dict) -> bool:
        found = self.module.properties(bytes.fromhex(v["bytes"]))
        plain = [
            {"id": one.id, "value": one.value, "bytes": one.text.hex(), "second": one.second.hex()}
            for one in found
        ]
        return plain == v["properties"]

    def streams(self, v: dict) -> bool:
        wire, pieces, start = bytes.fromhex(v["bytes"]), [], 0
        while start < len(wire):
            size = v["chunks"][len(pieces) % len(v["chunks"])]
            pieces.append(wire[start : start + size])
            start += size
        decoder = Decoder(self.module, v["version"], v["sender"])
        packets = push_all(decoder, pieces)
        error = decoder.error.code if decoder.error else 0
        payload = sum(len(packet.payload) for packet in packets)
        heads = [packet.head for packet in packets]
        return (heads, payload, error) == (v["heads"], v["payloadBytes"], v["error"])

    def names(self, v: dict) -> bool:
        return self.module.check(v["kind"], bytes.fromhex(v["bytes"])) == v["result"]

    def tries(self, v: dict) -> bool:
        trie = Trie(self.module)
        return all(self.step(trie, step) for step in v["steps"])

    def step(self, trie: Trie, s: dict) -> bool:
        action, text, subscriber = s["action"], s["text"], s["subscriber"]
        if action == "insert":
            run = lambda: trie.insert(text, subscriber, s["options"], s["identifier"])
            return code_of(run) == s["result"]
        if action == "remove":
            return trie.remove(text, subscriber) == bool(s["result"])
        if action == "count":
            return len(trie) == s["result"]
        if action == "online":
            return code_of(lambda: trie.set_online(subscriber, s["options"] == 1)) == 0
        if action == "search":
            return sorted(trie.search(text)) == s["identifiers"]
        rows = [(r.subscriber, r.options, sorted(r.identifiers)) for r in trie.match(text, subscriber)]
        expected = [(r["subscriber"], r["options"], r["identifiers"]) for r in s["rows"]]
        return sorted(rows) == expected

    def calls(self, v: dict) -> bool:
        return self.module.call(v["name"], *v["arguments"]) == v["result"]


def bench(module: Wasmqtt, v: dict) -> float:
    """Nanoseconds a packet, the best of some rounds; offsets are taken column by column."""
    batch = bytes.fromhex(v["packet"]) * v["count"]
    start = module.call("reserve", len(batch))
    decode, store, memory = module.exports["decode"], module.store, module.memory
    words, best, total = RECORD_SIZE // 4, float("inf"), 0
    for _ in range(ROUNDS):
        packets, started = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - started) < ROUND_SECONDS:
            memory.write(store, batch, start)
            count = decode(store, start, len(batch), v["version"], 1, 0)
            columns = array("i")
            columns.frombytes(memory.get_buffer_ptr(store, count * RECORD_SIZE, RECORDS_START))
            for column in (6, 7, 10, 11):  # topic and payload: start, length
                total += columns[column::words][-1]
            packets += count
        best = min(best, elapsed * 1e9 / packets)
    assert total > 0
    return best


def main(wasm: str, document: str) -> None:
    with open(document, encoding="utf-8") as file:
        vectors = json.load(file)
    checks = Checks(Wasmqtt(wasm))
    report = {"version": f"wasmtime {version('wasmtime')}", "passed": 0, "total": 0, "failures": []}
    for group in [name for name, value in vectors.items() if isinstance(value, list)]:
        for vector in vectors[group]:
            report["total"] += 1
            try:
                passed, trouble = getattr(checks, group)(vector), "another answer"
            except Exception as error:  # a trap is a failure like any other
                passed, trouble = False, repr(error)
            report["passed"] += passed
            if not passed and len(report["failures"]) < 10:
                report["failures"].append(f"{group}: {vector['title']}: {trouble}")
    report["nanoseconds"] = bench(checks.module, vectors["bench"])
    print(json.dumps(report))


main(*sys.argv[1:])
