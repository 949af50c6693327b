// The runtimes that run the vectors, with the versions of what is fetched for them where no lock
// file of their own holds these. Used by main.ts and, for Node and Chromium, by the ordinary suite.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, cache, ROOT, type Runtime, sources } from './runtime.ts'

const DENO = '2.9.6'
const BUN = '1.4.5'
const COPY_LIBRARIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
const WASM2C = '/usr/share/wabt/wasm2c'

/** One of the TypeScript programs of this folder, in the Node that runs this. */
function script(name: string): Command {
  const path = join(sources(name), 'main.ts')
  return { program: process.execPath, arguments: ['--import', 'tsx', path] }
}

export const NODE: Runtime = { name: 'node', needs: [], run: script('node') }

export const CHROMIUM: Runtime = { name: 'chromium', needs: ['chromium'], run: script('chromium') }

/** Where a package of npm's that carries a program is installed: each version in its own folder. */
const prefix = (name: string, version: string): string => join(cache(name), version)

/** Installs it there, without an entry in this project's own package.json. */
function packaged(name: string, version: string): readonly Command[] {
  const folder = prefix(name, version)
  if (existsSync(join(folder, 'node_modules/.bin', name))) return []
  const flags = ['--no-audit', '--no-fund', '--no-save', '--prefix', folder]
  return [{ program: 'npm', arguments: ['install', ...flags, `${name}@${version}`] }]
}

const DENO_RUNTIME: Runtime = {
  name: 'deno',
  needs: ['npm'],
  fetch: packaged('deno', DENO),
  run: {
    program: join(prefix('deno', DENO), 'node_modules/.bin/deno'),
    arguments: ['run', '--no-config', '--allow-read', join(sources('deno'), 'main.ts')],
    environment: { DENO_DIR: join(cache('deno'), 'cache'), DENO_NO_UPDATE_CHECK: '1' },
  },
}

const BUN_RUNTIME: Runtime = {
  name: 'bun',
  needs: ['npm'],
  fetch: packaged('bun', BUN),
  run: {
    program: join(prefix('bun', BUN), 'node_modules/.bin/bun'),
    arguments: [join(sources('bun'), 'main.ts')],
  },
}

const PYTHON: Runtime = {
  name: 'python',
  needs: ['python3'],
  fetch: [
    { program: 'python3', arguments: ['-m', 'venv', cache('python')] },
    {
      program: join(cache('python'), 'bin/pip'),
      arguments: ['install', '-q', '-r', join(sources('python'), 'requirements.txt')],
    },
  ],
  run: {
    program: join(cache('python'), 'bin/python'),
    arguments: ['-B', join(sources('python'), 'main.py')],
  },
}

const go = (...words: string[]): Command => ({
  program: 'go',
  arguments: words,
  directory: sources('go'),
  environment: { GOTOOLCHAIN: 'local', GOFLAGS: '-buildvcs=false' },
})

const GO: Runtime = {
  name: 'go',
  needs: ['go'],
  fetch: [go('mod', 'download')],
  build: [go('build', '-o', join(cache('go'), 'run'), '.')],
  run: { program: join(cache('go'), 'run'), arguments: [] },
}

const cargo = (...words: string[]): Command => ({
  program: 'cargo',
  arguments: words,
  directory: sources('rust'),
  environment: { CARGO_TARGET_DIR: cache('rust') },
})

const RUST: Runtime = {
  name: 'rust',
  needs: ['cargo', 'gcc'],
  fetch: [cargo('fetch')],
  build: [cargo('build', '--release')],
  run: { program: join(cache('rust'), 'release/wasmqtt-embed'), arguments: [] },
}

const LIBRARIES: string = join(cache('java'), 'lib')
const CLASSES: string = join(cache('java'), 'classes')
const JAVA_SOURCES: readonly string[] = [
  ...['Packet', 'WasmqttException', 'Wasmqtt', 'Decoder', 'Trie', 'Main'],
].map((name) => join(sources('java'), `src/wasmqtt/${name}.java`))

const JAVA: Runtime = {
  name: 'java',
  needs: ['mvn', 'javac', 'java'],
  fetch: [
    {
      program: 'mvn',
      arguments: ['-q', '-B', COPY_LIBRARIES, `-DoutputDirectory=${LIBRARIES}`],
      directory: sources('java'),
    },
  ],
  build: [
    {
      program: 'javac',
      arguments: ['--release', '17', '-d', CLASSES, '-cp', `${LIBRARIES}/*`, ...JAVA_SOURCES],
    },
  ],
  run: { program: 'java', arguments: ['-cp', `${CLASSES}:${LIBRARIES}/*`, 'wasmqtt.Main'] },
}

const C_MODULE: string = join(cache('c'), 'module.c')

const C: Runtime = {
  name: 'c',
  needs: ['wasm2c', 'gcc', `${WASM2C}/wasm-rt-impl.c`, '/usr/include/cjson/cJSON.h'],
  build: [
    {
      program: 'wasm2c',
      arguments: [join(ROOT, 'build/wasmqtt.wasm'), '-n', 'wasmqtt', '-o', C_MODULE],
    },
    {
      program: 'gcc',
      arguments: [
        ...['-O2', '-std=gnu11', `-I${cache('c')}`, `-I${WASM2C}`, '-o', join(cache('c'), 'run')],
        ...['wasmqtt.c', 'topics.c', 'main.c', C_MODULE, `${WASM2C}/wasm-rt-impl.c`],
        ...['-lcjson', '-lm'],
      ],
      directory: sources('c'),
    },
  ],
  run: { program: join(cache('c'), 'run'), arguments: [] },
}

/** Those that a CI may not skip come first. */
export const REQUIRED: readonly Runtime[] = [NODE, DENO_RUNTIME, BUN_RUNTIME, CHROMIUM]
export const OTHERS: readonly Runtime[] = [PYTHON, GO, RUST, JAVA, C]
