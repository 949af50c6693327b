// The exports of the module, and nothing else: each hands on to the class that does it, once a
// range of bytes from outside is known to be memory. What each takes and gives is in README.md.

import { Arena } from './arena'
import { Bytes } from './bytes'
import { ERROR_ARGUMENT, ERROR_NO_MEMORY } from './codes'
import { Decoder } from './decode'
import { Encoder } from './encode'
import { Entries } from './entries'
import { ABI_VERSION, RECORD_SIZE } from './layout'
import { Message } from './message'
import { Outbox } from './outbox'
import { Regions } from './regions'
import { Rows } from './rows'
import { Topic } from './topic'
import { Trie } from './trie'
import { Utf8 } from './utf8'

export function abi_version(): i32 {
  return ABI_VERSION
}

export function initialize(seed: i32): void {
  Regions.initialize()
  Trie.initialize(seed)
}

export function allocate(bytes: i32): usize {
  return Arena.allocate(bytes)
}

export function free(address: usize): void {
  Arena.free(address)
}

export function reserve(bytes: i32): usize {
  return Regions.reserve(bytes)
}

export function check_text(start: usize, length: i32): i32 {
  if (!Bytes.isRange(start, length)) return ERROR_ARGUMENT
  return Utf8.valid(start, length) ? 1 : 0
}

export function stage(record: usize, version: i32): usize {
  return Bytes.isRange(record, RECORD_SIZE) ? Message.stage(record, version) : 0
}

export function hold(message: usize, row: usize): usize {
  return Message.hold(message, row)
}

export function drop(message: usize): void {
  Message.drop(message)
}

export function open_outbox(version: i32, packetMax: i32, aliasMax: i32): usize {
  return Outbox.open(version, packetMax, aliasMax)
}

export function close_outbox(outbox: usize): void {
  Outbox.close(outbox)
}

export function add_pages(count: i32): i32 {
  return Outbox.addPages(count)
}

export function append(outbox: usize, start: usize, length: i32): i32 {
  return Bytes.isRange(start, length) ? Outbox.append(outbox, start, length) : ERROR_ARGUMENT
}

export function append_ack(outbox: usize, head: i32, packetId: i32, reason: i32): i32 {
  return Outbox.appendAck(outbox, head, packetId, reason)
}

export function deliver(outbox: usize, message: usize, flags: i32, packetId: i32, row: usize): i32 {
  return Outbox.deliver(outbox, message, flags, packetId, row)
}

export function drain(outbox: usize): i32 {
  return Outbox.drain(outbox)
}

export function check_topic(start: usize, length: i32): i32 {
  return Bytes.isRange(start, length) ? Topic.check(start, length) : ERROR_ARGUMENT
}

export function check_filter(start: usize, length: i32): i32 {
  return Bytes.isRange(start, length) ? Topic.checkFilter(start, length) : ERROR_ARGUMENT
}

export function trie_create(): usize {
  return Trie.create()
}

export function trie_count(root: usize): i32 {
  return Trie.count(root)
}

export function insert(
  root: usize,
  start: usize,
  length: i32,
  subscriber: i32,
  options: i32,
  identifier: i32,
): i32 {
  if (!Bytes.isRange(start, length)) return ERROR_ARGUMENT
  return Trie.insert(root, start, length, subscriber, options, identifier)
}

export function remove(root: usize, start: usize, length: i32, subscriber: i32): i32 {
  if (!Bytes.isRange(start, length)) return ERROR_ARGUMENT
  return Trie.remove(root, start, length, subscriber)
}

export function match(root: usize, start: usize, length: i32, publisher: i32): i32 {
  if (!Bytes.isRange(start, length)) return ERROR_ARGUMENT
  return Trie.match(root, start, length, publisher)
}

export function search(root: usize, start: usize, length: i32): i32 {
  if (!Bytes.isRange(start, length)) return ERROR_ARGUMENT
  return Trie.search(root, start, length)
}

export function set_online(subscriber: i32, online: i32): i32 {
  if (subscriber < 0) return ERROR_ARGUMENT
  return Rows.setOnline(subscriber, online) ? 0 : ERROR_NO_MEMORY
}

export function decode(
  start: usize,
  length: i32,
  version: i32,
  sender: i32,
  packetSizeMax: i32,
): i32 {
  return Decoder.run(start, length, version, sender, packetSizeMax)
}

export function properties(start: usize, length: i32): i32 {
  return Bytes.isRange(start, length) ? Entries.list(start, length) : ERROR_ARGUMENT
}

export function encode_properties(count: i32, target: usize, capacity: i32): i32 {
  return Entries.write(count, target, capacity)
}

export function encode(record: usize, version: i32, target: usize, capacity: i32): i32 {
  return Encoder.run(record, version, target, capacity)
}
