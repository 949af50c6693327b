// The package as programs see it: what it exports to ES modules and CommonJS, with types for both;
// faces that need nothing of Node; and what a bundler keeps of them.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT } from '../source.ts'

const FACES: Record<string, string[]> = {
  codec: ['DecodeError', 'Decoder', 'Message', 'encode', 'useModule'],
  topics: ['TopicTrie', 'useModule'],
  'mqtt-packet': ['default', 'generate', 'parser', 'useModule', 'writeToStream'],
  qlobber: ['Qlobber', 'QlobberDedup', 'QlobberTrue', 'useModule'],
}
/** Bytes of a bundle that has the module in it; one without is far below. */
const MODULE_BYTES = 30_000

const require = createRequire(import.meta.url)
const folder = mkdtempSync(join(ROOT, 'dist', 'package-'))

const tests = suite('package')

for (const [face, names] of Object.entries(FACES)) {
  tests(`wasmqtt/${face} gives the same names to import and require`, async () => {
    const imported = (await import(`wasmqtt/${face}`)) as object
    assert.equal(Object.keys(imported).sort(), names)
    assert.equal(Object.keys(require(`wasmqtt/${face}`)).sort(), names)
  })
}

tests('every path that package.json exports is there', () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const paths = (entry: unknown): string[] =>
    typeof entry === 'string' ? [entry] : Object.values(entry as object).flatMap(paths)
  const missing = paths(exports).filter((path) => !existsSync(join(ROOT, path)))
  assert.equal(missing, [])
})

const USE = `
const decoder: Decoder = new Decoder({ version: 5 })
const packets: Packet[] = decoder.push(encode({ type: 'pingreq' }))
for (const packet of packets) {
  if (packet.type === 'publish') packet.topic.charAt(packet.payload.length)
}
const numbers: number[] = new TopicTrie<number>().add('a/+', 1).match('a/b')
const found: Set<string> = new QlobberDedup<string>({ separator: '/' }).match('a')
console.log(numbers, found)
`
const IMPORTS = `
import { Decoder, encode, type Packet } from 'wasmqtt/codec'
import { TopicTrie } from 'wasmqtt/topics'
import { QlobberDedup } from 'wasmqtt/qlobber'
`

tests('types are good for ES modules and CommonJS, without those of Node', () => {
  writeFileSync(join(folder, 'esm.mts'), IMPORTS + USE)
  writeFileSync(join(folder, 'cjs.cts'), IMPORTS + USE)
  const config = {
    compilerOptions: {
      strict: true,
      noEmit: true,
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2022', 'dom'],
      types: [],
    },
    files: ['esm.mts', 'cjs.cts'],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  try {
    execFileSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' })
  } catch (error) {
    assert.unreachable((error as { stdout: string }).stdout)
  }
})

/** A program bundled for a browser: nothing of Node is there to be found. */
async function bundle(contents: string, options: BuildOptions = {}): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT },
    bundle: true,
    write: false,
    platform: 'browser',
    format: 'esm',
    logLevel: 'silent',
    ...options,
  })
  return outputFiles?.[0]?.text ?? ''
}

tests('codec, topics and qlobber need nothing of Node', async () => {
  for (const face of ['codec', 'topics', 'qlobber']) {
    const text = await bundle(`export * from 'wasmqtt/${face}'`)
    assert.not.match(text, /\bBuffer\b|\bprocess\.|require\(|from ?["']/, face)
  }
})

tests('a bundler drops what is not used, the module included', async () => {
  const none = await bundle(`import { Decoder } from 'wasmqtt/codec'; console.log(1)`)
  assert.ok(none.length < 200, none.slice(0, 300))
  const types = await bundle(
    `import { DecodeError } from 'wasmqtt/codec'; console.log(DecodeError)`,
  )
  assert.ok(types.length < MODULE_BYTES, String(types.length))
  const trie = await bundle(`import { TopicTrie } from 'wasmqtt/topics'; console.log(TopicTrie)`)
  assert.ok(trie.length > MODULE_BYTES && !trie.includes('expected a packetId'))
})

tests('two faces in one bundle share the module', async () => {
  const both = await bundle(
    `export * as codec from 'wasmqtt/codec'; export * as topics from 'wasmqtt/topics'`,
  )
  assert.is(both.split('AGFzbQ').length - 1, 1)
})

tests.after(() => rmSync(folder, { recursive: true, force: true }))
tests.run()
