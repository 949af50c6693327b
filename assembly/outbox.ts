// Outboxes: the bytes that wait for one connection, as a chain of pages from one shared pool. An
// idle connection owns no page. Called by the host for each delivery and each ack, and once per
// loop turn to drain; knows nothing of sessions or sockets. Appending never grows memory: it
// answers ERROR_NO_ROOM and leaves everything as it was, and the host calls add_pages.
//
//   outbox  +0 FIRST page  +4 LAST page  +8 READ offset in FIRST  +12 WRITTEN offset in LAST
//           +16 PENDING bytes  +20 VERSION  +24 PACKET_MAX (0 = none)  +28 ALIASES
//   page    +0 NEXT page, 0 = last   +4 bytes …
//   aliases +0 MAX  +4 COUNT  +8 entries of 256 bytes: +0 LENGTH +4 topic; entry i is alias i + 1

import { Arena } from './arena'
import { Bytes } from './bytes'
import {
  ERROR_NO_MEMORY,
  ERROR_NO_ROOM,
  ERROR_PACKET_TOO_LARGE,
  FLAG_QOS_MASK,
  FLAG_QOS_SHIFT,
  PROPERTY_MESSAGE_EXPIRY_INTERVAL,
  PROPERTY_SUBSCRIPTION_IDENTIFIER,
  PROPERTY_TOPIC_ALIAS,
  PUBLISH,
  VERSION_5_0,
} from './codes'
import {
  DRAIN_SIZE,
  DRAIN_START,
  HEAD_START,
  MESSAGE_EXPIRY,
  MESSAGE_PAYLOAD_LENGTH,
  MESSAGE_PAYLOAD_START,
  MESSAGE_PROPERTIES_LENGTH,
  MESSAGE_PROPERTIES_START,
  MESSAGE_READY_LAYOUT,
  MESSAGE_READY_LENGTH,
  MESSAGE_READY_START,
  MESSAGE_SINCE,
  MESSAGE_TOPIC_LENGTH,
  MESSAGE_TOPIC_START,
  REGISTER_CLOCK,
  ROW_IDENTIFIER,
  ROW_NEXT,
} from './layout'
import { Message } from './message'
import { Traffic } from './traffic'

const FIRST: usize = 0
const LAST: usize = 4
const READ: usize = 8
const WRITTEN: usize = 12
const PENDING: usize = 16
const VERSION: usize = 20
const PACKET_MAX: usize = 24
const ALIASES: usize = 28
const OUTBOX_SIZE: i32 = 32

const PAGE_NEXT: usize = 0
const PAGE_DATA: i32 = 4
const PAGE_END: i32 = 4088 // an arena block of 4096 bytes
const PAGE_ROOM: i32 = 4084

const ALIAS_MAX: usize = 0
const ALIAS_COUNT: usize = 4
const ALIAS_ENTRIES: i32 = 8
const ALIAS_SHIFT: i32 = 8
const ALIAS_TOPIC_MIN: i32 = 4 // shorter topics cost no more than the alias
const ALIAS_TOPIC_MAX: i32 = 252
const HEADS_MAX: i32 = 21 // fixed header, two lengths, packet identifier, alias, expiry
const ALIASES_MAX: i32 = 64 // entries are scanned one by one

let freePages: usize = 0
let freePageCount: i32 = 0
let aliasIsNew: bool = false

export class Outbox {
  /** @returns address of a new outbox, 0 when the memory cannot grow */
  static open(version: i32, packetMax: i32, aliasMax: i32): usize {
    const outbox = Arena.allocate(OUTBOX_SIZE)
    if (outbox === 0) return 0
    memory.fill(outbox, 0, OUTBOX_SIZE)
    store<i32>(outbox, version, VERSION)
    store<i32>(outbox, packetMax, PACKET_MAX)
    if (aliasMax > 0) {
      const count = min(aliasMax, ALIASES_MAX)
      const aliases = Arena.allocate(ALIAS_ENTRIES + (count << ALIAS_SHIFT))
      if (aliases !== 0) {
        store<i32>(aliases, count, ALIAS_MAX)
        store<i32>(aliases, 0, ALIAS_COUNT)
      }
      store<u32>(outbox, aliases as u32, ALIASES)
    }
    return outbox
  }

  static close(outbox: usize): void {
    let page = load<u32>(outbox, FIRST) as usize
    while (page !== 0) {
      const next = load<u32>(page, PAGE_NEXT) as usize
      Outbox.freePage(page)
      page = next
    }
    Arena.free(load<u32>(outbox, ALIASES) as usize)
    Arena.free(outbox)
  }

  /** Adds `count` pages to the pool. @returns 0 | ERROR_NO_MEMORY */
  static addPages(count: i32): i32 {
    for (let i = 0; i < count; i++) {
      const page = Arena.allocate(PAGE_END)
      if (page === 0) return ERROR_NO_MEMORY
      Outbox.freePage(page)
    }
    return 0
  }

  /** Appends a packet as it is. @returns bytes pending | ERROR_NO_ROOM | ERROR_PACKET_TOO_LARGE */
  static append(outbox: usize, start: usize, length: i32): i32 {
    const packetMax = load<i32>(outbox, PACKET_MAX)
    if (packetMax !== 0 && length > packetMax) return ERROR_PACKET_TOO_LARGE
    if (!Outbox.hasRoom(outbox, length)) return ERROR_NO_ROOM
    Outbox.put(outbox, start, length)
    return load<i32>(outbox, PENDING)
  }

  /**
   * Appends PUBACK, PUBREC, PUBREL or PUBCOMP; the reason code is left out where it is 0 or the
   * version has none. MQTT 5.0 section 3.4.2.1. @returns bytes pending | ERROR_NO_ROOM
   */
  static appendAck(outbox: usize, head: i32, packetId: i32, reason: i32): i32 {
    const long = reason !== 0 && load<i32>(outbox, VERSION) === VERSION_5_0
    const at: usize = HEAD_START
    const swapped = ((packetId & 0xff) << 8) | (packetId >>> 8)
    store<i32>(at, head | (long ? 0x300 : 0x200) | (swapped << 16))
    store<u8>(at + 4, reason)
    return Outbox.append(outbox, at, long ? 5 : 4)
  }

  /**
   * Appends a PUBLISH of `message` as this connection's version wants it.
   * @param flags low four bits of the first byte: DUP, QoS, RETAIN
   * @param row the subscription's row, for its identifiers; 0 = none
   * @returns bytes pending | ERROR_NO_ROOM | ERROR_PACKET_TOO_LARGE [MQTT-3.1.2-24]
   */
  static deliver(outbox: usize, message: usize, flags: i32, packetId: i32, row: usize): i32 {
    const pending = Outbox.place(outbox, message, flags, packetId, row)
    if (pending >= 0) {
      const qos = (flags & FLAG_QOS_MASK) >> FLAG_QOS_SHIFT
      Traffic.sent(qos, load<i32>(message, MESSAGE_PAYLOAD_LENGTH))
    }
    return pending
  }

  @inline
  private static place(outbox: usize, message: usize, flags: i32, packetId: i32, row: usize): i32 {
    const version = load<i32>(outbox, VERSION)
    const qos = flags & FLAG_QOS_MASK
    const plain = version !== VERSION_5_0 || (row === 0 && load<u32>(outbox, ALIASES) === 0)
    if (plain && load<i32>(message, MESSAGE_READY_LAYOUT) === Message.layout(version, qos)) {
      const length = load<i32>(message, MESSAGE_READY_LENGTH)
      const packetMax = load<i32>(outbox, PACKET_MAX)
      if (packetMax !== 0 && length > packetMax) return ERROR_PACKET_TOO_LARGE
      const at = Outbox.contiguous(outbox, length)
      if (at !== 0) return Outbox.copyReady(outbox, at, message, length, flags, packetId)
    }
    return Outbox.gather(outbox, message, flags, packetId, row)
  }

  /** Moves up to DRAIN_SIZE bytes to DRAIN_START and returns how many. */
  static drain(outbox: usize): i32 {
    let total = 0
    let page = load<u32>(outbox, FIRST) as usize
    let read = load<i32>(outbox, READ)
    while (page !== 0) {
      const last = page === (load<u32>(outbox, LAST) as usize)
      const end = last ? load<i32>(outbox, WRITTEN) : PAGE_END
      const length = min(end - read, DRAIN_SIZE - total)
      Bytes.copy(DRAIN_START + total, page + read, length)
      total += length
      read += length
      if (read < end) break
      const next = load<u32>(page, PAGE_NEXT) as usize
      Outbox.freePage(page)
      page = next
      read = PAGE_DATA
    }
    store<u32>(outbox, page as u32, FIRST)
    if (page === 0) store<u32>(outbox, 0, LAST)
    store<i32>(outbox, read, READ)
    store<i32>(outbox, load<i32>(outbox, PENDING) - total, PENDING)
    return total
  }

  /** The received packet, as it came but for flags and packet identifier. */
  private static copyReady(
    outbox: usize,
    at: usize,
    message: usize,
    length: i32,
    flags: i32,
    packetId: i32,
  ): i32 {
    const start = load<i32>(message, MESSAGE_READY_START) as usize
    Bytes.copy(at, start, length)
    store<u8>(at, (PUBLISH << 4) | flags)
    if ((flags & FLAG_QOS_MASK) !== 0) {
      const topicEnd =
        load<i32>(message, MESSAGE_TOPIC_START) + load<i32>(message, MESSAGE_TOPIC_LENGTH)
      Bytes.setU16(at + ((topicEnd as usize) - start), packetId)
    }
    store<i32>(outbox, load<i32>(outbox, WRITTEN) + length, WRITTEN)
    const pending = load<i32>(outbox, PENDING) + length
    store<i32>(outbox, pending, PENDING)
    return pending
  }

  /** The packet put together from topic, properties and payload. */
  private static gather(outbox: usize, message: usize, flags: i32, packetId: i32, row: usize): i32 {
    const isVersion5 = load<i32>(outbox, VERSION) === VERSION_5_0
    const hasId = (flags & FLAG_QOS_MASK) !== 0
    const alias = isVersion5 ? Outbox.findAlias(outbox, message, row) : 0
    const topicLength = alias !== 0 && !aliasIsNew ? 0 : load<i32>(message, MESSAGE_TOPIC_LENGTH)
    const payloadLength = load<i32>(message, MESSAGE_PAYLOAD_LENGTH)
    const expires = load<i32>(message, MESSAGE_SINCE) !== 0
    const rest = isVersion5 ? load<i32>(message, MESSAGE_PROPERTIES_LENGTH) : 0
    const extra = isVersion5
      ? (alias !== 0 ? 3 : 0) + (expires ? 5 : 0) + Message.identifiersSize(row)
      : 0
    const properties = rest + extra
    const remaining =
      2 +
      topicLength +
      (hasId ? 2 : 0) +
      (isVersion5 ? Bytes.varintSize(properties) + properties : 0) +
      payloadLength
    const total = 1 + Bytes.varintSize(remaining) + remaining
    const packetMax = load<i32>(outbox, PACKET_MAX)
    if (packetMax !== 0 && total > packetMax) return ERROR_PACKET_TOO_LARGE
    if (!Outbox.hasRoom(outbox, total)) return ERROR_NO_ROOM
    if (alias !== 0 && aliasIsNew) Outbox.addAlias(outbox, message)

    let at: usize = HEAD_START
    store<u8>(at, (PUBLISH << 4) | flags)
    at = Bytes.setVarint(at + 1, remaining)
    Bytes.setU16(at, topicLength)
    Outbox.put(outbox, HEAD_START, (at as i32) + 2 - HEAD_START)
    Outbox.put(outbox, load<i32>(message, MESSAGE_TOPIC_START) as usize, topicLength)
    at = HEAD_START
    if (hasId) {
      Bytes.setU16(at, packetId)
      at += 2
    }
    if (isVersion5) {
      at = Bytes.setVarint(at, properties)
      if (alias !== 0) {
        store<u8>(at, PROPERTY_TOPIC_ALIAS)
        Bytes.setU16(at + 1, alias)
        at += 3
      }
      if (expires) at = Outbox.putExpiry(at, message)
    }
    Outbox.put(outbox, HEAD_START, (at as i32) - HEAD_START)
    if (isVersion5) {
      while (row !== 0) row = Outbox.putIdentifier(outbox, row)
      Outbox.put(outbox, load<i32>(message, MESSAGE_PROPERTIES_START) as usize, rest)
    }
    Outbox.put(outbox, load<i32>(message, MESSAGE_PAYLOAD_START) as usize, payloadLength)
    return load<i32>(outbox, PENDING)
  }

  /** The interval less the time the message has waited. [MQTT-3.3.2-6] */
  private static putExpiry(at: usize, message: usize): usize {
    const interval = load<u32>(message, MESSAGE_EXPIRY)
    const waited = load<u32>(REGISTER_CLOCK) - load<u32>(message, MESSAGE_SINCE)
    store<u8>(at, PROPERTY_MESSAGE_EXPIRY_INTERVAL)
    Bytes.setU32(at + 1, interval > waited ? interval - waited : 0)
    return at + 5
  }

  private static putIdentifier(outbox: usize, row: usize): usize {
    const next = load<u32>(row, ROW_NEXT) as usize
    const identifier = load<i32>(row, ROW_IDENTIFIER)
    if (identifier !== 0) {
      store<u8>(HEAD_START, PROPERTY_SUBSCRIPTION_IDENTIFIER)
      const end = Bytes.setVarint(HEAD_START + 1, identifier)
      Outbox.put(outbox, HEAD_START, (end as i32) - HEAD_START)
    }
    return next
  }

  /**
   * The alias of the topic on this connection, 0 = none; `aliasIsNew` when the peer must learn it.
   */
  private static findAlias(outbox: usize, message: usize, row: usize): i32 {
    aliasIsNew = false
    const aliases = load<u32>(outbox, ALIASES) as usize
    const length = load<i32>(message, MESSAGE_TOPIC_LENGTH)
    if (aliases === 0 || length < ALIAS_TOPIC_MIN || length > ALIAS_TOPIC_MAX) return 0
    const topic = load<i32>(message, MESSAGE_TOPIC_START) as usize
    const count = load<i32>(aliases, ALIAS_COUNT)
    let entry = aliases + ALIAS_ENTRIES
    for (let i = 1; i <= count; i++) {
      if (load<i32>(entry) === length && Bytes.equal(entry + 4, topic, length)) return i
      entry += 1 << ALIAS_SHIFT
    }
    if (count === load<i32>(aliases, ALIAS_MAX) || Outbox.isTight(outbox, message, row)) return 0
    aliasIsNew = true
    return count + 1
  }

  /** Whether a new alias, which comes with its topic, could make the packet too large. */
  private static isTight(outbox: usize, message: usize, row: usize): bool {
    const packetMax = load<i32>(outbox, PACKET_MAX)
    if (packetMax === 0) return false
    const topic = load<i32>(message, MESSAGE_TOPIC_LENGTH)
    const properties = load<i32>(message, MESSAGE_PROPERTIES_LENGTH)
    const rest = load<i32>(message, MESSAGE_PAYLOAD_LENGTH) + Message.identifiersSize(row)
    return HEADS_MAX + topic + properties + rest > packetMax
  }

  private static addAlias(outbox: usize, message: usize): void {
    const aliases = load<u32>(outbox, ALIASES) as usize
    const count = load<i32>(aliases, ALIAS_COUNT)
    const entry = aliases + ALIAS_ENTRIES + (count << ALIAS_SHIFT)
    const length = load<i32>(message, MESSAGE_TOPIC_LENGTH)
    store<i32>(entry, length)
    Bytes.copy(entry + 4, load<i32>(message, MESSAGE_TOPIC_START) as usize, length)
    store<i32>(aliases, count + 1, ALIAS_COUNT)
  }

  private static hasRoom(outbox: usize, length: i32): bool {
    const room = load<u32>(outbox, LAST) === 0 ? 0 : PAGE_END - load<i32>(outbox, WRITTEN)
    if (length <= room) return true
    return (length - room + PAGE_ROOM - 1) / PAGE_ROOM <= freePageCount
  }

  /** Where `length` bytes fit in one piece, 0 if they do not. */
  private static contiguous(outbox: usize, length: i32): usize {
    const last = load<u32>(outbox, LAST) as usize
    if (last !== 0) {
      const written = load<i32>(outbox, WRITTEN)
      return length <= PAGE_END - written ? last + written : 0
    }
    if (length > PAGE_ROOM || freePageCount === 0) return 0
    return Outbox.addPage(outbox) + PAGE_DATA
  }

  /** Appends; the caller has seen that there is room. */
  private static put(outbox: usize, from: usize, length: i32): void {
    store<i32>(outbox, load<i32>(outbox, PENDING) + length, PENDING)
    while (length > 0) {
      let page = load<u32>(outbox, LAST) as usize
      let written = load<i32>(outbox, WRITTEN)
      if (page === 0 || written === PAGE_END) {
        page = Outbox.addPage(outbox)
        written = PAGE_DATA
      }
      const part = min(length, PAGE_END - written)
      Bytes.copy(page + written, from, part)
      store<i32>(outbox, written + part, WRITTEN)
      from += part
      length -= part
    }
  }

  private static addPage(outbox: usize): usize {
    const page = freePages
    freePages = load<u32>(page, PAGE_NEXT) as usize
    freePageCount--
    store<u32>(page, 0, PAGE_NEXT)
    const last = load<u32>(outbox, LAST) as usize
    if (last === 0) {
      store<u32>(outbox, page as u32, FIRST)
      store<i32>(outbox, PAGE_DATA, READ)
    } else {
      store<u32>(last, page as u32, PAGE_NEXT)
    }
    store<u32>(outbox, page as u32, LAST)
    store<i32>(outbox, PAGE_DATA, WRITTEN)
    return page
  }

  @inline
  private static freePage(page: usize): void {
    store<u32>(page, freePages as u32, PAGE_NEXT)
    freePages = page
    freePageCount++
  }
}
