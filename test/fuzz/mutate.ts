// The mutations: of the fields of one packet, and of bytes whatever they mean. Each changes one
// thing; `mutateTree` and `mutateBytes` do a few. Given trees are never changed, nor bytes.

import { KINDS } from '../vectors.ts'
import { HUGE, INTEGERS, STRINGS } from './edges.ts'
import {
  block,
  content,
  type Field,
  fieldsOf,
  integer,
  type Property,
  type Tree,
} from './grammar.ts'
import type { Random } from './random.ts'

const PROPERTY_IDS: readonly number[] = [...KINDS.keys()]
const LIES: readonly number[] = [-65535, -256, -3, -2, -1, 1, 2, 3, 127, 128, 256, 16384, 2097152]
const HUGE_LIES: readonly number[] = [0xfffffff, 0x7fffffff, 0x10000000, 268435400]
/** One mutation in this many makes something of tens of kilobytes. */
const RARELY = 4000

export function mutateTree(golden: Tree, others: readonly Tree[], random: Random): Tree {
  const tree = { ...golden, fields: golden.fields.map(copyField) }
  for (let times = random.chance(70) ? 1 : random.between(2, 4); times > 0; times--) {
    random.pick(TREE_MUTATIONS)(tree, random, others)
  }
  return tree
}

export function mutateBytes(bytes: Buffer, others: readonly Buffer[], random: Random): Buffer {
  let mutated = bytes
  for (let times = random.chance(70) ? 1 : random.between(2, 6); times > 0; times--) {
    mutated = random.pick(BYTE_MUTATIONS)(mutated, random, others)
  }
  return mutated
}

export function copyField(field: Field): Field {
  const { properties } = field
  return { ...field, properties: properties.length === 0 ? properties : properties.map(copy) }
}

function copy({ id, fields }: Property): Property {
  return { id, fields: fields.map(copyField) }
}

/** A string from the edges, now and then one of 64 KiB. */
export function edgeString(random: Random): Buffer {
  if (random.below(RARELY) === 0) return random.pick(HUGE)
  return random.chance(90) ? random.pick(STRINGS) : random.bytes(random.below(24))
}

export function randomProperty(random: Random): Property {
  const id = random.pick(PROPERTY_IDS)
  const fields = fieldsOf(id).map((kind) =>
    kind === 'field'
      ? content('field', random.chance(50) ? Buffer.from('text') : edgeString(random))
      : integer(kind as 'byte', random.chance(50) ? 1 : random.pick(INTEGERS)),
  )
  return { id, fields }
}

type TreeMutation = (tree: Tree, random: Random, others: readonly Tree[]) => void

const TREE_MUTATIONS: readonly TreeMutation[] = [
  changeValue,
  changeValue,
  changeValue,
  function drop({ fields }, random) {
    if (fields.length > 0) fields.splice(random.below(fields.length), 1)
  },
  function repeat({ fields }, random) {
    repeatSome(fields, random, copyField)
  },
  function swap({ fields }, random) {
    swapTwo(fields, random)
  },
  function transplant({ fields }, random, others) {
    const donor = random.pick(others).fields
    if (fields.length === 0 || donor.length === 0) return
    fields[random.below(fields.length)] = copyField(random.pick(donor))
  },
  function insert({ fields }, random) {
    const at = random.below(fields.length + 1)
    fields.splice(at, 0, random.chance(50) ? content('field', edgeString(random)) : block([]))
  },
  function lieInside({ fields }, random) {
    const long = fields.filter(({ kind }) => kind === 'field' || kind === 'block')
    if (long.length > 0) random.pick(long).lie = random.pick(LIES)
  },
  function lieOutside(tree, random) {
    tree.lie = random.chance(95) ? random.pick(LIES) : random.pick(HUGE_LIES)
  },
  function pad(tree, random) {
    tree.padding = random.between(1, 4)
  },
  function changeHead(tree, random) {
    tree.head = random.chance(50) ? tree.head ^ (1 << random.below(4)) : random.below(256)
  },
  changeProperties,
  changeProperties,
  changeProperties,
]

/** One number or one string of the packet, those of properties included. */
function changeValue({ fields }: Tree, random: Random): void {
  const values = fields.flatMap((field) =>
    field.kind === 'block' ? field.properties.flatMap((property) => property.fields) : [field],
  )
  if (values.length === 0) return
  const field = random.pick(values)
  if (field.kind === 'field' || field.kind === 'raw') field.bytes = edgeString(random)
  else
    field.value = random.chance(60) ? random.pick(INTEGERS) : field.value ^ (1 << random.below(8))
  if (field.kind === 'byte') field.value &= 0xff
  if (field.value < 0) field.value >>>= 0
}

function changeProperties({ fields }: Tree, random: Random): void {
  const blocks = fields.filter(({ kind }) => kind === 'block')
  if (blocks.length === 0) return
  const { properties } = random.pick(blocks)
  if (properties.length === 0 || random.chance(30)) {
    properties.splice(random.below(properties.length + 1), 0, randomProperty(random))
    return
  }
  const at = random.below(properties.length)
  switch (random.below(5)) {
    case 0:
      properties.splice(at, 1)
      break
    case 1:
      repeatSome(properties, random, copy)
      break
    case 2:
      swapTwo(properties, random)
      break
    case 3: // a value of another kind
      ;(properties[at] as Property).id = random.chance(80)
        ? random.pick(PROPERTY_IDS)
        : random.below(256)
      break
    default:
      properties[at] = randomProperty(random)
  }
}

/** Up to three neighbours, once more or many times more. */
function repeatSome<T>(list: T[], random: Random, clone: (one: T) => T): void {
  if (list.length === 0) return
  const start = random.below(list.length)
  const some = list.slice(start, start + random.between(1, 3))
  let times = random.chance(80) ? 1 : random.between(2, 40)
  if (random.below(RARELY) === 0) times = random.between(500, 3000)
  const more: T[] = []
  for (; times > 0; times--) for (const one of some) more.push(clone(one))
  list.splice(start, 0, ...more)
}

function swapTwo<T>(list: T[], random: Random): void {
  if (list.length < 2) return
  const [a, b] = [random.below(list.length), random.below(list.length)]
  const first = list[a] as T
  list[a] = list[b] as T
  list[b] = first
}

type ByteMutation = (bytes: Buffer, random: Random, others: readonly Buffer[]) => Buffer

const BYTE_MUTATIONS: readonly ByteMutation[] = [
  function flip(bytes, random) {
    return changed(bytes, random, (byte) => byte ^ (1 << random.below(8)))
  },
  function set(bytes, random) {
    return changed(bytes, random, () => random.pick(INTEGERS) & 0xff)
  },
  function step(bytes, random) {
    return changed(bytes, random, (byte) => (byte + (random.chance(50) ? 1 : 255)) & 0xff)
  },
  function cut(bytes, random) {
    return bytes.subarray(0, random.below(bytes.length + 1))
  },
  function remove(bytes, random) {
    const [start, end] = range(bytes, random)
    return Buffer.concat([bytes.subarray(0, start), bytes.subarray(end)])
  },
  function duplicate(bytes, random) {
    const [start, end] = range(bytes, random)
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(start)])
  },
  function insert(bytes, random) {
    const at = random.below(bytes.length + 1)
    const some = random.bytes(random.between(1, 8))
    return Buffer.concat([bytes.subarray(0, at), some, bytes.subarray(at)])
  },
  function splice(bytes, random, others) {
    const other = random.pick(others)
    const [head, tail] = [random.below(bytes.length + 1), random.below(other.length + 1)]
    return Buffer.concat([bytes.subarray(0, head), other.subarray(tail)])
  },
]

function changed(bytes: Buffer, random: Random, change: (byte: number) => number): Buffer {
  if (bytes.length === 0) return bytes
  const copied = Buffer.from(bytes)
  const at = random.below(bytes.length)
  copied[at] = change(copied[at] as number)
  return copied
}

function range(bytes: Buffer, random: Random): [start: number, end: number] {
  const start = random.below(bytes.length + 1)
  return [start, Math.min(bytes.length, start + random.between(1, 16))]
}
