// Builds the faces of this package into dist/: ES modules that share what they have in common, and
// CommonJS, each with the WebAssembly module inside as base64, so that neither a bundler nor a file
// system is needed to load it. `npm run build:faces`, after the types are there.

import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { type BuildOptions, build } from 'esbuild'

const MODULE = 'build/wasmqtt.wasm'
/** Faces that need nothing of Node. */
const FACES = ['codec', 'topics']
/** Faces that take and give Node's Buffer and EventEmitter, as what they stand in for does. */
const NODE_FACES: string[] = []

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

const esm: BuildOptions = { ...common, format: 'esm', splitting: true, outdir: 'dist' }
await build({ ...esm, platform: 'neutral', entryPoints: entries(FACES), chunkNames: 'face-[hash]' })
const cjs: BuildOptions = { ...common, format: 'cjs', outdir: 'dist/cjs' }
await build({ ...cjs, platform: 'neutral', entryPoints: entries(FACES) })
if (NODE_FACES.length > 0) {
  await build({ ...esm, platform: 'node', entryPoints: entries(NODE_FACES) })
  await build({ ...cjs, platform: 'node', entryPoints: entries(NODE_FACES) })
}
writeFileSync('dist/cjs/package.json', '{ "type": "commonjs" }\n')
cpSync('dist/types', 'dist/cjs/types', { recursive: true })
