// The module's binary interface: assembly/README.md against layout.ts, codes.ts and the real
// exports; the size of what is built; and what the exports say to ranges that are no memory. An
// embedder in any language relies on exactly this.

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as codes from '../assembly/codes.ts'
import * as layout from '../assembly/layout.ts'
import { BUILDS, TestModule } from './module.ts'
import { ROOT } from './source.ts'

const SIZE_MAX = 40 * 1024
const EXPORTS_MAX = 30
const README = readFileSync(join(ROOT, 'assembly/README.md'), 'utf8')
const LAYOUT = readFileSync(join(ROOT, 'assembly/layout.ts'), 'utf8')
const INDEX = readFileSync(join(ROOT, 'assembly/index.ts'), 'utf8')
const compiled = new WebAssembly.Module(read('wasmqtt.wasm'))

const tests = suite('abi')

function read(name: string): Buffer<ArrayBuffer> {
  return readFileSync(join(ROOT, 'build', name))
}

/** Parameter names of every exported function, as assembly/index.ts has them. */
function signatures(): Map<string, string[]> {
  const found = [...INDEX.matchAll(/^export function (\w+)\(([^)]*)\)/gm)]
  return new Map(
    found.map(([, name, list]) => [
      name as string,
      [...(list as string).matchAll(/(\w+): /g)].map((parameter) => parameter[1] as string),
    ]),
  )
}

/** Rows of the README's tables: cells without their padding. */
function rows(): string[][] {
  return README.split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.slice(1, -1).split('|'))
    .map((cells) => cells.map((cell) => cell.trim()))
}

/** Constants with a prefix, as `[name without it, value]`. */
function constants(from: object, prefix: string): [string, number][] {
  return Object.entries(from)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, value]): [string, number] => [name.slice(prefix.length), value as number])
    .sort(([, a], [, b]) => Math.abs(a) - Math.abs(b))
}

tests('the module exports what the README lists, and no more than 30 names', () => {
  const listed = [...README.matchAll(/^\| `(\w+)(?:\(([^)]*)\))?` \|/gm)].map(
    ([, name, list]) => [name, list] as const,
  )
  const exported = WebAssembly.Module.exports(compiled).map(({ name }) => name)
  const known = listed.filter(([name]) => exported.includes(name as string))
  assert.equal(known.map(([name]) => name).sort(), exported.sort())
  assert.ok(exported.length <= EXPORTS_MAX, String(exported.length))
  for (const [name, list] of known) {
    if (name === 'memory') continue
    assert.equal(
      list,
      signatures()
        .get(name as string)
        ?.join(', '),
      `parameters of ${name}`,
    )
  }
})

tests('the README gives the version of the ABI that the module has', () => {
  assert.match(README, `ABI_VERSION is ${layout.ABI_VERSION}`)
  for (const build of BUILDS) {
    assert.is(new TestModule(build).call('abi_version'), layout.ABI_VERSION)
  }
})

tests('the README lists every error code with its number', () => {
  const listed = rows()
    .filter(([code]) => /^-\d+$/.test(code as string))
    .map(([code, name]) => [(name as string).replaceAll('`', ''), Number(code)])
  assert.equal(listed, constants(codes, 'ERROR_'))
})

tests('the README lists every register with its address', () => {
  const listed = rows()
    .filter(([, name]) => /^`REGISTER_/.test(name as string))
    .map(([address, name]) => [(name as string).slice(10, -1), Number(address)])
  assert.equal(listed, constants(layout, 'REGISTER_'))
})

tests('the memory map names every region at its address, in order', () => {
  const map = [...README.matchAll(/^(\d+) +[├┌][^\n]*┤ (\w+)/gm)]
  const starts = Object.keys(layout)
    .filter((name) => /^(?!(RECORD|CONNECT|PROPERTY|MESSAGE)_)\w+_START$/.test(name))
    .concat('CONNECT_START', 'RECORD_OWN', 'MESSAGE_CURRENT', 'ROW_OWN', 'REGIONS_END')
    .map(at)
    .sort(([, a], [, b]) => a - b)
  const listed = map.map(([, address, name]) => [name, Number(address)])
  assert.equal(listed, starts)
})

function at(name: string): [string, number] {
  return [name, (layout as Record<string, number>)[name] as number]
}

tests('each record is drawn with every field at its offset', () => {
  const aliases = [
    'RECORD_OWN',
    'RECORD_POSITION',
    'CONNECT_START',
    'MESSAGE_CURRENT',
    'MESSAGE_BODY',
    'ROW_OWN',
  ]
  for (const prefix of ['RECORD_', 'CONNECT_', 'PROPERTY_', 'ROW_', 'MESSAGE_']) {
    const title = prefix.slice(0, -1)
    const drawing = new RegExp(`^### ${title}[\\s\\S]*?\`\`\`\\n([\\s\\S]*?)\`\`\``, 'm').exec(
      README,
    )
    assert.ok(drawing, `a drawing of ${title}`)
    const drawn = [...(drawing[1] as string).matchAll(/\+(\d+) +([A-Z_]+)/g)]
      .filter(([, , name]) => name !== 'RESERVED')
      .map(([, offset, name]) => [name, Number(offset)])
    const fields = constants(layout, prefix).filter(
      ([name]) => name !== 'SIZE' && !aliases.includes(prefix + name),
    )
    assert.equal(drawn, fields, title)
    const size = (layout as Record<string, number>)[`${prefix}SIZE`]
    assert.match(drawing[0], `${size} bytes`, `size of ${title}`)
  }
})

tests('limits are in the README as they are in layout.ts', () => {
  const limits = [...LAYOUT.matchAll(/^export const (\w+_MAX) = (\d+)/gm)]
  assert.ok(limits.length >= 6)
  for (const [, name, value] of limits) {
    const row = rows().find(([cell]) => cell === `\`${name}\``)
    assert.is(row?.[1], value, name)
  }
})

tests('the module is small, and the stripped one has no custom section', () => {
  assert.ok(statSync(join(ROOT, 'build/wasmqtt.wasm')).size <= SIZE_MAX)
  const stripped = new WebAssembly.Module(read('wasmqtt.stripped.wasm'))
  for (const section of ['name', 'sourceMappingURL', 'producers']) {
    assert.is(WebAssembly.Module.customSections(stripped, section).length, 0, section)
  }
  assert.is(WebAssembly.Module.customSections(compiled, 'sourceMappingURL').length, 1)
  assert.ok(JSON.parse(read('wasmqtt.wasm.map').toString()).mappings.length > 0)
  assert.equal(WebAssembly.Module.imports(stripped), [])
  assert.equal(WebAssembly.Module.exports(stripped), WebAssembly.Module.exports(compiled))
})

/** Calls with a range of bytes that is not all memory, or none of the embedder's. */
function rangesOutside(module: TestModule): [start: number, length: number][] {
  const size = module.memory.buffer.byteLength
  return [
    [size - 1, 2],
    [size, 1],
    [size + 65536, 5],
    [size - 8, 0x7fffffff],
    [layout.SCRATCH_START, -1],
    [layout.SCRATCH_START, size],
    [layout.SCRATCH_START, -0x80000000],
    [-1, 1],
    [-8, 16],
    [0x7fffffff, 0x7fffffff],
    [0, 5],
    [1, 0],
    [layout.REGISTERS_START - 1, 4],
  ]
}

for (const build of BUILDS) {
  tests(`${build}: a range that is no memory gets an error code, not a trap`, () => {
    const module = new TestModule(build)
    const root = module.call('trie_create')
    const outbox = module.call('open_outbox', 4, 0, 0)
    for (const [start, length] of rangesOutside(module)) {
      const calls: Record<string, number[]> = {
        check_text: [start, length],
        check_topic: [start, length],
        check_filter: [start, length],
        decode: [start, length, 4, 0, 0],
        properties: [start, length],
        insert: [root, start, length, 1, 0, 0],
        remove: [root, start, length, 1],
        match: [root, start, length, -1],
        search: [root, start, length],
        append: [outbox, start, length],
      }
      for (const [name, values] of Object.entries(calls)) {
        const got = module.call(name, ...values)
        assert.is(got, codes.ERROR_ARGUMENT, `${name}(${values.join(', ')})`)
      }
    }
    assert.is(module.call('trie_count', root), 0)
  })

  tests(`${build}: targets, counts and places outside get an error code, not a trap`, () => {
    const module = new TestModule(build)
    const size = module.memory.buffer.byteLength
    const root = module.call('trie_create')
    const topic = module.put('a/b')
    module.setWord(layout.RECORD_OWN, codes.PINGREQ << 4)
    const wrong: [name: string, values: number[], answer: number][] = [
      ['encode', [layout.RECORD_OWN, 4, size - 1, 2], codes.ERROR_ARGUMENT],
      ['encode', [layout.RECORD_OWN, 4, layout.SCRATCH_START, -1], codes.ERROR_ARGUMENT],
      ['encode', [layout.RECORD_OWN, 4, layout.SCRATCH_START, 1], codes.ERROR_NO_ROOM],
      ['encode', [size - 8, 4, layout.SCRATCH_START, 64], codes.ERROR_ARGUMENT],
      ['encode_properties', [1, size - 1, 2], codes.ERROR_ARGUMENT],
      ['encode_properties', [-1, layout.SCRATCH_START, 64], codes.ERROR_ARGUMENT],
      ['encode_properties', [513, layout.SCRATCH_START, 64], codes.ERROR_ARGUMENT],
      ['stage', [size - 8, 5], 0],
      ['stage', [-64, 5], 0],
      ['insert', [root, layout.SCRATCH_START, topic, -1, 0, 0], codes.ERROR_ARGUMENT],
      ['insert', [root, layout.SCRATCH_START, topic, 0x7fffffff, 0, 0], codes.ERROR_NO_MEMORY],
      ['insert', [0, layout.SCRATCH_START, topic, 1, 0, 0], codes.ERROR_ARGUMENT],
      ['set_online', [-1, 0], codes.ERROR_ARGUMENT],
      ['set_online', [-1, 1], codes.ERROR_ARGUMENT],
      ['set_online', [0x7fffffff, 1], codes.ERROR_NO_MEMORY],
      ['allocate', [-1], 0],
      ['allocate', [0x7fffffff], 0],
      ['reserve', [0x7fffffff], 0],
    ]
    for (const [name, values, answer] of wrong) {
      assert.is(module.call(name, ...values), answer, `${name}(${values.join(', ')})`)
    }
    for (const pair of [layout.RECORD_TOPIC_START, layout.RECORD_PAYLOAD_START]) {
      for (const [start, length] of rangesOutside(module).filter(([at]) => at < 0 || at > 4096)) {
        for (let word = 0; word < layout.RECORD_SIZE; word += 4) {
          module.setWord(layout.RECORD_OWN + word, 0)
        }
        module.setWord(layout.RECORD_OWN, codes.PUBLISH << 4)
        module.setWord(layout.RECORD_OWN + pair, start)
        module.setWord(layout.RECORD_OWN + pair + 4, length)
        const got = module.call('encode', layout.RECORD_OWN, 5, layout.SCRATCH_START, 64)
        assert.ok(got < 0, `encode of a range ${start}, ${length}: ${got}`)
      }
    }
  })
}

tests.run()
