// A PUBLISH that decode has accepted, delivered as a broker does: staged, held, appended to
// outboxes of every version and limit, drained in between. What comes out must decode to the same
// message, every refusal must be due, and in the end nothing may be held or allocated that was not
// before.

import { ERROR_NO_ROOM, ERROR_PACKET_TOO_LARGE, SENDER_SERVER } from '../../assembly/codes.ts'
import * as layout from '../../assembly/layout.ts'
import { u8, varint } from '../spec/bytes.ts'
import { type Accepted, type Message, prepare, stage } from './messages.ts'
import type { Random } from './random.ts'
import { must, type Side, Trace } from './stream.ts'

const PAGE_BLOCK = 4096
const PAGE_ROOM = 4084
const CLOCKS: readonly number[] = [1, 1_700_000_000, 0xffffff00]
const ALIAS_MAXIMA: readonly number[] = [0, 0, 1, 3, 100]
/** An alias, and what it may add to two lengths. */
const ALIAS_SIZE = 5
const CLOCK_MAX = 0xffffffff
const SCRATCH: number = layout.SCRATCH_START + 256
const PINGRESP_BYTES: Buffer = Buffer.from('d000', 'hex')

interface Expected {
  message: Message
  head: number
  packetId: number
  /** Bytes of all properties but alias and expiry; empty before MQTT 5. */
  properties: Buffer
  expiry: number | undefined
}

interface Outbox {
  handle: number
  version: number
  packetMax: number
  aliasMax: number
  pending: number
  /**
   * For each packet what it should be, undefined for one that is no PUBLISH. Of an
   * outbox closed before it was empty: undefined.
   */
  expected: (Expected | undefined)[] | undefined
  drained: Buffer[]
}

const sent: Trace = new Trace()

/** @param packets at least one */
export function checkDeliveries(side: Side, packets: readonly Accepted[], random: Random): void {
  const post = new Post(side, packets, random)
  for (let steps = random.between(1, 10); steps > 0; steps--) post.step()
  post.close()
  post.readAll()
}

class Post {
  private readonly side: Side
  private readonly random: Random
  private readonly packets: readonly Accepted[]
  private readonly allocated: number
  private readonly heldBefore: number
  private readonly outboxes: Outbox[] = []
  private readonly held: Message[] = []
  private staged: Message
  private clock: number
  /** Added to the pool. */
  private pages = 0

  constructor(side: Side, packets: readonly Accepted[], random: Random) {
    this.side = side
    this.random = random
    this.packets = packets
    for (const packet of packets) prepare(side, packet)
    this.allocated = side.module.word(layout.REGISTER_ALLOCATED)
    this.heldBefore = side.module.word(layout.REGISTER_HELD)
    this.clock = random.pick(CLOCKS)
    this.setClock(this.clock)
    this.staged = stage(side, packets[0] as Accepted, this.clock)
  }

  step(): void {
    const { random } = this
    if (this.outboxes.length === 0 || random.chance(30)) this.open()
    if (random.chance(20)) this.hold()
    if (random.chance(20)) this.staged = stage(this.side, random.pick(this.packets), this.clock)
    const outbox = random.pick(this.outboxes)
    if (random.chance(15)) this.appendOther(outbox)
    this.deliver(outbox)
    if (random.chance(20)) this.setClock(Math.min(CLOCK_MAX, this.clock + random.below(100)))
    if (random.chance(30)) this.drain(outbox)
  }

  /** Drains and closes everything, lets go of what is held: all is as it was. */
  close(): void {
    const { module } = this.side
    for (const outbox of this.outboxes) {
      while (outbox.pending > 0 && this.random.chance(95)) this.drain(outbox)
      if (outbox.pending > 0) outbox.expected = undefined
      else must(module.call.drain(outbox.handle) === 0, () => 'an empty outbox is drained')
      module.call.close_outbox(outbox.handle)
    }
    for (const { address } of this.held) module.call.drop(address)
    const pages = this.pages * PAGE_BLOCK
    const grown = module.word(layout.REGISTER_ALLOCATED) - this.allocated - pages
    must(grown === 0, () => `${grown} bytes more are allocated`)
    must(module.word(layout.REGISTER_HELD) === this.heldBefore, () => 'messages are still held')
  }

  /** Reads what came out of each outbox. */
  readAll(): void {
    for (const outbox of this.outboxes) this.read(outbox)
  }

  private open(): void {
    const { random, side } = this
    const version = random.between(3, 5)
    const size = this.staged.topic.length + this.staged.payload.length
    // Only MQTT 5 has a maximum packet size and aliases.
    const limited = version === 5 && random.chance(40)
    const packetMax = limited ? Math.max(1, size + random.between(-10, 60)) : 0
    const aliasMax = version === 5 ? random.pick(ALIAS_MAXIMA) : 0
    const handle = side.module.call.open_outbox(version, packetMax, aliasMax)
    side.module.renew()
    must(handle !== 0, () => 'no memory for an outbox')
    const state = { pending: 0, expected: [], drained: [] }
    this.outboxes.push({ handle, version, packetMax, aliasMax, ...state })
  }

  private hold(): void {
    const { side } = this
    const of = this.pickMessage()
    const { row, properties } = this.rows()
    const address = side.module.call.hold(of.address, row)
    side.module.renew()
    must(address !== 0, () => 'no memory for a message')
    const all = [...of.properties, ...properties]
    this.held.push({ ...of, address, held: true, properties: all, packetLength: 0 })
  }

  private pickMessage(): Message {
    const { held, random } = this
    return held.length === 0 || random.chance(50) ? this.staged : random.pick(held)
  }

  /** Rows of one delivery in scratch memory, 0 = none, and the properties they stand for. */
  private rows(): { row: number; properties: Buffer[] } {
    const { random, side } = this
    const count = random.chance(50) ? 0 : random.between(1, 4)
    const properties: Buffer[] = []
    for (let i = 0; i < count; i++) {
      const row = layout.SCRATCH_START + i * layout.ROW_SIZE
      const identifier = random.pick([0, 1, 127, 128, 16384, 268435455])
      side.module.setWord(row + layout.ROW_IDENTIFIER, identifier)
      side.module.setWord(row + layout.ROW_NEXT, i + 1 < count ? row + layout.ROW_SIZE : 0)
      if (identifier > 0) properties.push(Buffer.concat([u8(0x0b), varint(identifier)]))
    }
    return { row: count === 0 ? 0 : layout.SCRATCH_START, properties }
  }

  /** A PINGRESP, or a PUBACK with a reason code, which is one byte longer in MQTT 5. */
  private appendOther(outbox: Outbox): void {
    const { module } = this.side
    const { handle, packetMax, version } = outbox
    const { append, append_ack } = module.call
    module.u8.set(PINGRESP_BYTES, SCRATCH)
    const pinging = this.random.chance(50)
    const size = pinging ? PINGRESP_BYTES.length : version === 5 ? 5 : 4
    const pending = this.withRoom(size, () =>
      pinging ? append(handle, SCRATCH, size) : append_ack(handle, 0x40, 0xabcd, 0x10),
    )
    if (packetMax !== 0 && size > packetMax) {
      must(pending === ERROR_PACKET_TOO_LARGE, () => `append answered ${pending}`)
      return
    }
    must(pending === outbox.pending + size, () => `append answered ${pending}`)
    outbox.pending = pending
    outbox.expected?.push(undefined)
  }

  private deliver(outbox: Outbox): void {
    const { random, side } = this
    const message = this.pickMessage()
    const qos = random.below(3)
    const flags = (qos > 0 ? random.below(2) << 3 : 0) | (qos << 1) | random.below(2)
    const packetId = qos > 0 ? random.between(1, 0xffff) : 0
    const { row, properties } = this.rows()
    const forwarded = outbox.version === 5 ? [...properties, ...message.properties] : []
    const all = Buffer.concat(forwarded)
    const room = message.topic.length + message.payload.length + all.length + 64
    const { deliver } = side.module.call
    const size = (): number => deliver(outbox.handle, message.address, flags, packetId, row)
    const pending = this.withRoom(room, size)
    const plain = plainSize(outbox, message, qos, all.length)
    if (pending === ERROR_PACKET_TOO_LARGE) {
      const due = outbox.packetMax !== 0 && plain > outbox.packetMax
      must(due, () => `${plain} bytes are refused where ${outbox.packetMax} are allowed`)
      return
    }
    const added = pending - outbox.pending
    const most = Math.max(plain + ALIAS_SIZE, message.packetLength)
    must(added > 0 && added <= most, () => `deliver answered ${pending}, not ${plain} more`)
    const fits = outbox.packetMax === 0 || added <= outbox.packetMax
    must(fits, () => `${added} bytes pass where ${outbox.packetMax} are allowed`)
    outbox.pending = pending
    const expiry = outbox.version === 5 ? this.secondsLeft(message) : undefined
    outbox.expected?.push({ message, head: 0x30 | flags, packetId, properties: all, expiry })
  }

  /** Calls again with more pages when there was no room for `bytes`. */
  private withRoom(bytes: number, append: () => number): number {
    const first = append()
    if (first !== ERROR_NO_ROOM) return first
    const pages = Math.ceil(bytes / PAGE_ROOM) + 1
    must(this.side.module.call.add_pages(pages) === 0, () => 'no memory for pages')
    this.side.module.renew()
    this.pages += pages
    const second = append()
    must(second !== ERROR_NO_ROOM, () => `no room for ${bytes} bytes with ${pages} more pages`)
    return second
  }

  private drain(outbox: Outbox): void {
    const { module } = this.side
    const count = module.call.drain(outbox.handle)
    const due = Math.min(outbox.pending, layout.DRAIN_SIZE)
    must(count === due, () => `drained ${count} bytes of ${outbox.pending}`)
    outbox.pending -= count
    outbox.drained.push(module.copy(layout.DRAIN_START, count))
  }

  private read(outbox: Outbox): void {
    const { expected, version } = outbox
    if (expected === undefined) return
    const bytes = Buffer.concat(outbox.drained)
    const start = this.side.place(bytes, 3)
    const way = { version, sender: SENDER_SERVER, packetSizeMax: 0 }
    this.side.decodeWhole(start, bytes.length, way, sent)
    const whole = sent.error === 0 && sent.consumed === bytes.length
    must(whole, () => `drained what nobody can read, ${sent.error}: ${bytes.toString('hex')}`)
    must(sent.count === expected.length, () => `${expected.length} packets became ${sent.count}`)
    const topics = new Map<number, Buffer>()
    expected.forEach((one, i) => {
      if (one !== undefined) this.compare(one, i, bytes, outbox, topics)
    })
  }

  private compare(
    one: Expected,
    i: number,
    bytes: Buffer,
    outbox: Outbox,
    topics: Map<number, Buffer>,
  ): void {
    const field = (pair: number): Buffer => {
      const start = Math.max(0, sent.word(i, pair) - 1)
      return bytes.subarray(start, start + sent.word(i, pair + 4))
    }
    const alias = sent.word(i, layout.RECORD_ALIAS)
    must(alias <= outbox.aliasMax, () => `alias ${alias} of ${outbox.aliasMax}`)
    let topic = field(layout.RECORD_TOPIC_START)
    if (topic.length > 0) topics.set(alias, topic)
    else topic = topics.get(alias) ?? topic
    must(topic.equals(one.message.topic), () => `the topic became ${topic.toString('hex')}`)
    const payload = field(layout.RECORD_PAYLOAD_START)
    must(payload.equals(one.message.payload), () => `the payload became ${payload.toString('hex')}`)
    const [head, id] = [sent.word(i, layout.RECORD_HEAD), sent.word(i, layout.RECORD_PACKET_ID)]
    must(head === one.head && id === one.packetId, () => `head ${head} and identifier ${id}`)
    const expiryAt = sent.word(i, layout.RECORD_EXPIRY)
    const expiry = expiryAt === 0 ? undefined : bytes.readUInt32BE(expiryAt - 1)
    must(expiry === one.expiry, () => `${expiry} seconds are left, not ${one.expiry}`)
    const own = (alias === 0 ? 0 : 3) + (expiryAt === 0 ? 0 : 5)
    const rest = field(layout.RECORD_PROPERTIES_START).subarray(own)
    must(rest.equals(one.properties), () => `properties became ${rest.toString('hex')}`)
  }

  private secondsLeft({ expiresAt }: Message): number | undefined {
    return expiresAt === undefined ? undefined : Math.max(0, expiresAt - this.clock)
  }

  private setClock(seconds: number): void {
    this.clock = seconds
    this.side.module.setWord(layout.REGISTER_CLOCK, seconds | 0)
  }
}

/** Bytes of the packet without a topic alias. */
function plainSize(outbox: Outbox, message: Message, qos: number, forwarded: number): number {
  const properties = forwarded + (message.expiresAt === undefined ? 0 : 5)
  const block = outbox.version === 5 ? varint(properties).length + properties : 0
  const body = 2 + message.topic.length + (qos > 0 ? 2 : 0) + block + message.payload.length
  return 1 + varint(body).length + body
}
