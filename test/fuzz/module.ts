// The module under fuzz: one input through both builds, every version and every sender, whole and
// cut; then what was accepted is encoded, delivered and subscribed. `check` throws Broken, or
// whatever the module trapped with. What it does with an input depends on the bytes alone.

import { PUBLISH, SENDER_ANY, SENDER_CLIENT } from '../../assembly/codes.ts'
import * as layout from '../../assembly/layout.ts'
import { checkDeliveries } from './deliveries.ts'
import type { Accepted } from './messages.ts'
import { checkPacket } from './packets.ts'
import { hashOf, Random } from './random.ts'
import { Broken, must, SENDERS, Side, Trace, VERSIONS, type Way } from './stream.ts'
import { Subscriptions } from './subscriptions.ts'
import { checkTexts } from './texts.ts'

const MEMORY_MAX = 96 * 1024 * 1024
const PACKETS_MAX = 12
const SIZES: readonly number[] = [0, 0, 0, 2, 16, 64, 128, 1024]

export class ModuleTarget {
  /** Records seen, refused streams among them: what the inputs are worth. */
  accepted = 0
  refused = 0
  private readonly sides: readonly Side[]
  private readonly subscriptions: readonly Subscriptions[]
  private readonly traces: readonly Trace[] = [new Trace(), new Trace(), new Trace()]

  constructor(seed: number) {
    this.sides = [new Side('debug', seed), new Side('release', seed)]
    this.subscriptions = this.sides.map((side) => new Subscriptions(side))
  }

  get memoryBytes(): number[] {
    return this.sides.map(({ module }) => module.call.memory.buffer.byteLength)
  }

  /** @param versions those to decode in; every one unless a finding is done again */
  check(input: Buffer, versions: readonly number[] = VERSIONS): void {
    const random = new Random(hashOf(input))
    this.decodeEach(input, versions, random)
    this.use(input, random.pick(versions), random)
    if (random.chance(20)) checkTexts(this.sides, input, random)
    this.checkMemory()
  }

  /** Both builds whole, for one sender one of them cut: equal traces. */
  private decodeEach(input: Buffer, versions: readonly number[], random: Random): void {
    const [debug, release, cut] = this.traces as [Trace, Trace, Trace]
    const [one, other] = this.sides as [Side, Side]
    const shift = random.below(8)
    const start = one.place(input, shift)
    const otherStart = other.place(input, shift)
    const packetSizeMax = random.pick(SIZES)
    for (const version of versions) {
      const cutSender = random.pick(SENDERS)
      for (const sender of SENDERS) {
        const way = { version, sender, packetSizeMax }
        one.decodeWhole(start, input.length, way, debug)
        other.decodeWhole(otherStart, input.length, way, release)
        compare(debug, release, way, 'the release build')
        this.count(debug)
        if (sender !== cutSender) continue
        const side = random.chance(50) ? one : other
        side.decodeCut(input, cutsOf(input.length, random), way, cut)
        compare(debug, cut, way, 'in pieces it')
      }
    }
    one.checkUnchanged(input, start)
    other.checkUnchanged(input, otherStart)
  }

  /** Encodes, delivers and subscribes what is accepted from anybody. */
  private use(input: Buffer, version: number, random: Random): void {
    const chosen = random.below(2)
    const side = this.sides[chosen] as Side
    const [trace, narrow] = this.traces as [Trace, Trace]
    const way = { version, sender: SENDER_ANY, packetSizeMax: 0 }
    side.decodeWhole(side.place(input, 0), input.length, way, trace)
    const sender = SENDER_CLIENT + random.below(2)
    side.decodeWhole(side.place(input, 0), input.length, { ...way, sender }, narrow)
    this.checkPermissive(trace, narrow)
    const { good } = trace
    const from = Math.max(0, random.below(good + 1) - PACKETS_MAX)
    const publishes: Accepted[] = []
    for (let i = from; i < good && i < from + PACKETS_MAX; i++) {
      const at = trace.versionOf(i, version)
      checkPacket(side, input, trace, i, at)
      if (trace.word(i, layout.RECORD_HEAD) >> 4 !== PUBLISH) continue
      const offset = trace.word(i, layout.RECORD_START) - 1
      const packet = input.subarray(offset, offset + trace.word(i, layout.RECORD_LENGTH))
      publishes.push({ packet, version: at })
    }
    if (publishes.length > 0) checkDeliveries(side, publishes, random)
    ;(this.subscriptions[chosen] as Subscriptions).check(input, trace, random)
  }

  /** Whatever one sender may send is accepted from anybody, and says the same. */
  private checkPermissive(anybody: Trace, narrow: Trace): void {
    const at = anybody.differs(narrow, narrow.good)
    must(at === -1, () => `from anybody: ${anybody.describe(at)}, else ${narrow.describe(at)}`)
    const further = anybody.consumed >= narrow.consumed
    must(further, () => `from anybody ${anybody.consumed} bytes, else ${narrow.consumed}`)
  }

  private count(trace: Trace): void {
    if (trace.error !== 0) this.refused++
    this.accepted += trace.good
  }

  private checkMemory(): void {
    for (const { build, module } of this.sides) {
      const bytes = module.call.memory.buffer.byteLength
      must(bytes <= MEMORY_MAX, () => `the memory (${build}) has grown to ${bytes} bytes`)
    }
  }
}

function compare(one: Trace, other: Trace, way: Way, what: string): void {
  const at = one.differs(other, Math.max(one.count, other.count))
  const ends =
    one.consumed === other.consumed &&
    one.needed === other.needed &&
    one.error === other.error &&
    one.version === other.version
  if (at === -1 && ends) return
  const where = `version ${way.version}, sender ${way.sender}, at most ${way.packetSizeMax}`
  throw new Broken(`${what} differs, ${where}: ${one.describe(at)} / ${other.describe(at)}`)
}

/** Where a stream is cut: everywhere when it is short, else at a few places. */
function cutsOf(length: number, random: Random): number[] {
  if (length < 2) return []
  if (length <= 48 && random.chance(25)) return Array.from({ length: length - 1 }, (_, i) => i + 1)
  const cuts = Array.from({ length: random.between(1, 5) }, () => random.between(1, length - 1))
  return cuts.sort((a, b) => a - b)
}
