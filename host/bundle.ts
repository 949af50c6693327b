// Builds the faces of this package into dist/: ES modules that share what they have in common, and
// CommonJS, each with the WebAssembly module inside as base64, so that neither a bundler nor a file
// system is needed to load it. `npm run build:faces`, after the types are there.

import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { type BuildOptions, build } from 'esbuild'

const MODULE = 'build/wasmqtt.stripped.wasm'
/** Faces that need nothing of Node. */
const FACES = ['codec', 'topics', 'qlobber']
/** Faces that take and give Node's Buffer and EventEmitter, as what they stand in for does. */
const NODE_FACES = ['mqtt-packet']

const common: BuildOptions = {
  bundle: true,
  target: 'es2022',
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: true,
  logLevel: 'warning',
  packages: 'external',
  define: { WASMQTT_BASE64: JSON.stringify(readFileSync(MODULE, 'base64')) },
}

function entries(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, `host/embed/${name}.ts`]))
}

const faces: BuildOptions = { ...common, platform: 'neutral', entryPoints: entries(FACES) }
const nodeFaces: BuildOptions = {
  ...common,
  platform: 'node',
  entryPoints: entries(NODE_FACES),
  // By the names that bundlers for browsers have something for.
  alias: { 'node:events': 'events' },
}
const esm: BuildOptions = { format: 'esm', outdir: 'dist' }
const cjs: BuildOptions = { format: 'cjs', outdir: 'dist/cjs' }
await build({ ...faces, ...esm, splitting: true, chunkNames: 'face-[hash]' })
await build({ ...faces, ...cjs })
await build({ ...nodeFaces, ...esm })
await build({ ...nodeFaces, ...cjs })
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n')
cpSync('dist/types', 'dist/cjs/types', { recursive: true })
