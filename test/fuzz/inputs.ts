// What the fuzzers send: input number n of a seed, for the module or for a broker. Golden packets,
// mutated ones among them, conversations about topics that meet, and now and then a giant.

import { hex } from '../spec/bytes.ts'
import { type Sender, VECTORS } from '../vectors.ts'
import { giant } from './giants.ts'
import { parse, type Tree, write } from './grammar.ts'
import { mutateBytes, mutateTree } from './mutate.ts'
import { Random } from './random.ts'
import { connect, conversation } from './remarks.ts'

interface Golden {
  packets: Buffer[]
  trees: Tree[]
}

const VERSIONS = [3, 4, 5] as const
/** One input in so many is a giant. */
const MODULE_GIANTS = 20_000
const BROKER_GIANTS = 1000

const FROM_CLIENT: ReadonlyMap<number, Golden> = goldens('client')
const FROM_SERVER: ReadonlyMap<number, Golden> = goldens('server')

/** Input number `n` of a seed, for the module. */
export function moduleInput(seed: number, n: number): Buffer {
  const random = new Random(seed, n)
  const version = random.pick(VERSIONS)
  if (random.below(MODULE_GIANTS) === 0) return giant(random, version)
  const kind = random.below(100)
  if (kind < 2) return random.bytes(random.below(64))
  if (kind < 17) return conversation(random, version, random.between(3, 24))
  const golden = (random.chance(65) ? FROM_CLIENT : FROM_SERVER).get(version) as Golden
  if (kind < 22) return sequence(random, golden, random.between(1, 6), 0)
  if (kind < 30) return sequence(random, golden, random.between(2, 8), 50)
  const mutated = mutatedPacket(random, golden)
  if (random.chance(50)) return mutated
  const before = sequence(random, golden, random.below(3), 0)
  return Buffer.concat([before, mutated, sequence(random, golden, random.below(3), 0)])
}

/** Input number `n` of a seed, for a broker: mostly a client that connects first. */
export function brokerInput(seed: number, n: number): Buffer {
  const random = new Random(seed, n)
  const version = random.pick(VERSIONS)
  const golden = FROM_CLIENT.get(version) as Golden
  const parts = random.chance(88) ? [connect(random, version)] : []
  if (random.below(BROKER_GIANTS) === 0) parts.push(giant(random, version))
  if (random.chance(50)) parts.push(conversation(random, version, random.between(1, 10)))
  if (random.chance(70)) parts.push(mutatedPacket(random, golden))
  if (random.chance(50)) parts.push(conversation(random, version, random.between(1, 6)))
  if (random.chance(30)) parts.push(sequence(random, golden, random.between(1, 4), 30))
  const bytes = Buffer.concat(parts)
  return random.chance(8) ? mutateBytes(bytes, golden.packets, random) : bytes
}

/** Every golden packet must come out of its tree as it went in; returns how many there are. */
export function checkGrammar(): number {
  let count = 0
  for (const { packets, trees } of [...FROM_CLIENT.values(), ...FROM_SERVER.values()]) {
    for (const [i, packet] of packets.entries()) {
      const written = write(trees[i] as Tree)
      // A remaining length of more bytes than need be is not kept.
      const padded = written.length < packet.length
      if (!padded && !written.equals(packet)) throw new Error(`lost: ${packet.toString('hex')}`)
      count++
    }
  }
  return count
}

function goldens(sender: Sender): ReadonlyMap<number, Golden> {
  const entries = VERSIONS.map((version): [number, Golden] => {
    const fitting = VECTORS.filter((one) => one.sender === sender && one.version === version)
    const packets = fitting.map(({ bytes }) => hex(bytes))
    return [version, { packets, trees: packets.map((packet) => parse(packet, version)) }]
  })
  return new Map(entries)
}

function mutatedPacket(random: Random, { packets, trees }: Golden): Buffer {
  const kind = random.below(100)
  if (kind < 25) return mutateBytes(random.pick(packets), packets, random)
  const mutated = write(mutateTree(random.pick(trees), trees, random))
  return kind < 85 ? mutated : mutateBytes(mutated, packets, random)
}

/** Golden packets, `percent` of them mutated. */
function sequence(random: Random, golden: Golden, length: number, percent: number): Buffer {
  const one = (): Buffer =>
    random.chance(percent) ? mutatedPacket(random, golden) : random.pick(golden.packets)
  return length === 1 ? one() : Buffer.concat(Array.from({ length }, one))
}
