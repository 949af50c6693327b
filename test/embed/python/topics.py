"""The topic trie of wasmqtt.wasm: filters matched by topics (subscriptions), or stored topics
searched by filters (retained messages). To copy beside wasmqtt.py.
"""

from dataclasses import dataclass

from wasmqtt import ERROR_NO_MEMORY, SCRATCH_START, Wasmqtt, WasmqttError

# From assembly/layout.ts.
REGISTER_ROWS = 1044
ROW_SIZE = 16


@dataclass
class Row:
    """A delivery: QoS in bits 0 and 1 of the options, 0x100 from a shared subscription."""

    subscriber: int
    options: int
    identifiers: list[int]


class Trie:
    def __init__(self, module: Wasmqtt):
        self.module, self.root = module, module.call("trie_create")
        if self.root == 0:
            raise WasmqttError(ERROR_NO_MEMORY)

    def __len__(self) -> int:
        return self.module.call("trie_count", self.root)

    def _call(self, name: str, text: str, *arguments: int) -> int:
        length = self.module.put(text.encode())
        result = self.module.call(name, self.root, SCRATCH_START, length, *arguments)
        if result < 0:
            raise WasmqttError(result)
        return result

    def insert(self, filter: str, subscriber: int, options: int = 0, identifier: int = 0) -> bool:
        """Whether it replaced a subscription of the same subscriber to the same filter."""
        return self._call("insert", filter, subscriber, options, identifier) == 1

    def remove(self, filter: str, subscriber: int) -> bool:
        return self._call("remove", filter, subscriber) == 1

    def match(self, topic: str, publisher: int = -1) -> list[Row]:
        """Who gets a message, without the no-local subscriptions of its publisher."""
        count = self._call("match", topic, publisher)
        first = self._rows()
        return [self._row(first + i * ROW_SIZE) for i in range(count)]

    def _rows(self) -> int:
        return self.module.words(REGISTER_ROWS, 1)[0]

    def _row(self, address: int) -> Row:
        subscriber, options, identifier, following = self.module.words(address, 4)
        row = Row(subscriber, options, [identifier] if identifier else [])
        while following:
            _, _, identifier, following = self.module.words(following, 4)
            row.identifiers.append(identifier)
        return row

    def search(self, filter: str) -> list[int]:
        """The identifiers of the stored topics that a filter matches."""
        count = self._call("search", filter)
        return list(self.module.words(self._rows(), count))

    def set_online(self, subscriber: int, online: bool) -> None:
        """Shared groups prefer subscribers that are online."""
        error = self.module.call("set_online", subscriber, int(online))
        if error:
            raise WasmqttError(error)
