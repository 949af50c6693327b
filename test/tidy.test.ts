// Style as a test: the floors, the shape of files and functions, and what may not be in them. The
// tables at the top are the rules; a failure names every place at once.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ROOT, readSources, SourceFile } from './source.ts'

/**
 * From the bottom to the top: a file imports from its own floor or from lower ones. `index`,
 * `main` and `bundle` are files of host/ itself: the library's face, the binary's, and the build.
 */
const FLOORS = [
  'assembly',
  'config',
  'protocol',
  'wasm',
  'embed',
  'store',
  'broker',
  'access',
  'net',
  'cluster',
  'admin',
  'library',
  'index',
  'aedes',
  'cli',
  'main',
  'bundle',
]

/** What host/ may read of the module's sources; layout.ts only where addresses are known. */
const SHARED_SOURCES: Record<string, string[] | 'any'> = {
  'assembly/codes.ts': 'any',
  'assembly/layout.ts': ['wasm', 'embed'],
}

/** Modules that belong to a floor: sockets to net and admin, the command line to cli. */
const PACKAGE_FLOORS: Record<string, string[]> = {
  'node:net': ['config', 'net', 'admin'], // config: the arithmetic of addresses only
  'node:tls': ['net'],
  'node:http': ['net', 'admin', 'aedes'], // aedes: a type of its interface only
  ws: ['net'],
  commander: ['cli'],
}

const TOP_LEVEL = [
  ...['package.json', 'tsconfig.json', 'asconfig.json', 'README.md'],
  ...['assembly', 'host', 'bench', 'test'],
  ...['package-lock.json', 'LICENSE', 'CHANGELOG.md', 'biome.json', '.gitignore', '.ci'],
]

/** What stands in for a package that has one. */
const DEFAULT_EXPORTS = ['host/embed/mqtt-packet.ts']

const COLUMNS_MAX = 100
const FILE_LINES_MAX = 500
const FUNCTION_LINES_MAX = 70
const EXPORTS_MAX = 30
/** Tables: as long as what they list. */
const TABLES = /^test\/(spec\/statements[^/]*|[^/]*vectors[^/]*)\.ts$/

const product = readSources(['assembly', 'host'], '.ts')
const all = [...product, ...readSources(['bench', 'test'], '.ts')]

const tests = suite('tidy')

/** Fails with all places, one a line. */
function none(places: string[]): void {
  assert.equal(places, [])
}

/** Places in files where a line, as the file's `view` shows it, matches. */
function matching(files: SourceFile[], pattern: RegExp, view: 'lines' | 'code'): string[] {
  return files.flatMap((file) =>
    (view === 'lines' ? file.lines : file.code.split('\n')).flatMap((line, i) =>
      pattern.test(line) ? [`${file.path}:${i + 1}: ${(file.lines[i] as string).trim()}`] : [],
    ),
  )
}

function floorOf(path: string): string {
  const [top, folder] = path.split('/') as [string, string]
  return top === 'host' ? folder.replace(/\.ts$/, '') : top
}

tests('the top level holds what the design allows, and nothing else', () => {
  const ignored = readFileSync(join(ROOT, '.gitignore'), 'utf8').split('\n')
  const isIgnored = (name: string): boolean =>
    name === '.git' || ignored.includes(`${name}/`) || /\.log$/.test(name)
  const names = readdirSync(ROOT).filter((name) => !isIgnored(name))
  none(names.filter((name) => !TOP_LEVEL.includes(name)))
})

tests('every folder of host/ is a floor', () => {
  none(product.map(({ path }) => path).filter((path) => !FLOORS.includes(floorOf(path))))
})

tests('a file imports only from its own floor or from a lower one', () => {
  const level = (path: string): number => FLOORS.indexOf(floorOf(path))
  const rises = product.flatMap((file) =>
    file.imports
      .filter((path) => level(path) < 0 || level(path) > level(file.path))
      .map((path) => `${file.path} imports ${path}`),
  )
  none(rises)
})

tests(
  'host/ reads only the tables of the module, and the layout only in host/wasm and host/embed',
  () => {
    const host = product.filter((file) => file.path.startsWith('host/'))
    const reads = host.flatMap((file) =>
      file.imports
        .filter((path) => path.startsWith('assembly/'))
        .filter((path) => {
          const floors = SHARED_SOURCES[path] ?? []
          return floors !== 'any' && !floors.includes(floorOf(file.path))
        })
        .map((path) => `${file.path} imports ${path}`),
    )
    none(reads)
  },
)

tests('sockets are known to net and admin only, and the command line to cli', () => {
  const uses = product.flatMap((file) =>
    file.packages
      .filter((name) => PACKAGE_FLOORS[name]?.includes(floorOf(file.path)) === false)
      .map((name) => `${file.path} imports ${name}`),
  )
  none(uses)
})

tests('bench/ and test/ are imported by nobody else, and every import exists', () => {
  const paths = new Set(all.map((file) => file.path))
  const strange = all.flatMap((file) =>
    file.imports
      .filter((path) => path.endsWith('.ts'))
      .filter((path) => {
        const [folder] = path.split('/') as [string]
        const isPrivate = folder === 'bench' || folder === 'test'
        return !paths.has(path) || (isPrivate && !file.path.startsWith(`${folder}/`))
      })
      .map((path) => `${file.path} imports ${path}`),
  )
  none(strange)
})

tests('there are no import cycles, types included', () => {
  const graph = new Map(all.map((file) => [file.path, file.imports]))
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: string[]): void => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' > '))
    if (done.has(path) || trail.includes(path)) return
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  none(cycles)
})

tests('every file begins with two lines or more that say what it is', () => {
  const bare = all.filter(({ lines }) => {
    const first = lines.findIndex((line) => !line.startsWith('#!'))
    return !lines.slice(first, first + 2).every((line) => /^(\/\/|\/\*| \*)/.test(line))
  })
  none(bare.map(({ path }) => path))
})

tests(`lines have at most ${COLUMNS_MAX} columns, long strings and trailing tags aside`, () => {
  const wide = all.flatMap(({ path, lines }) =>
    lines.flatMap((line, i) =>
      columnsOf(line) > COLUMNS_MAX ? [`${path}:${i + 1}: ${columnsOf(line)} columns`] : [],
    ),
  )
  none(wide)
})

/** No formatter breaks a string, and the tag of a rule belongs on the line that enforces it. */
function columnsOf(line: string): number {
  const shown = line
    .replace(/ \/\/( \[MQTT-[\d.-]+\])+$/, '')
    .replace(/(['"`])(.{60}).*\1/, (_, quote, start) => quote + start + quote)
  return [...shown].length
}

tests(`files have at most ${FILE_LINES_MAX} lines, tables aside`, () => {
  const long = all.filter(({ path, lines }) => lines.length > FILE_LINES_MAX && !TABLES.test(path))
  none(long.map(({ path, lines }) => `${path}: ${lines.length}`))
})

tests(`functions have at most ${FUNCTION_LINES_MAX} lines`, () => {
  const long = all.flatMap((file) =>
    file.functions
      .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
      .map(({ line, lines }) => `${file.path}:${line}: ${lines} lines`),
  )
  none(long)
})

tests('functions are found and measured', () => {
  const source = [
    'export async function first(a: string): Promise<{ b: number }> {', // 1
    '  if (a) {',
    "    return '}'",
    '  }',
    '}',
    'class C {', // 6
    '  get #second(): (x: number) => void {',
    '    for (const x of /[{]/.exec(`{${(() => {', // 8
    '      return 1 / 2',
    '    })()}{`)) {',
    '    }',
    '  } // {',
    '  third(', // 13
    '    a: number,',
    '  ): void {',
    '    const o = a ? f(a) : {}',
    '  }',
    '}',
  ].join('\n')
  const spans = new SourceFile('x.ts', source).functions
  assert.equal(
    spans.map(({ line, lines }) => [line, lines]),
    [
      [1, 5],
      [8, 3],
      [7, 6],
      [13, 5],
    ],
  )
})

tests('nothing is exported as default, left to do, skipped or run alone', () => {
  const later = new RegExp(
    `\\b(${['TO', 'FIX', 'X'].map((a, i) => a + ['DO', 'ME', 'XX'][i]).join('|')})\\b`,
  )
  none([
    ...matching(
      all.filter(({ path }) => !DEFAULT_EXPORTS.includes(path)),
      /\bexport default\b|\bas default\b/,
      'code',
    ),
    ...matching(all, later, 'lines'),
    ...matching(
      all.filter(({ path }) => path.endsWith('.test.ts')),
      /\.(only|skip)\(/,
      'code',
    ),
  ])
})

tests('there is no mutable state of a module outside host/wasm', () => {
  const host = product.filter(({ path }) => /^host\/(?!wasm\/)/.test(path))
  none(matching(host, /^(export )?(let|var) /, 'code'))
})

tests('no constant of codes.ts or layout.ts is defined again in host/', () => {
  const tables = product.filter(({ path }) => Object.hasOwn(SHARED_SOURCES, path))
  const constants = tables.flatMap(({ code }) =>
    [...code.matchAll(/^export const (\w+)/gm)].map((found) => found[1] as string),
  )
  assert.ok(constants.length > 100)
  const again = new RegExp(`\\b(const|let|static|readonly) (${constants.join('|')})\\b`)
  none(
    matching(
      product.filter(({ path }) => path.startsWith('host/')),
      again,
      'code',
    ),
  )
})

for (const build of ['wasmqtt.wasm', 'wasmqtt.debug.wasm']) {
  tests(`${build} imports nothing and exports at most ${EXPORTS_MAX} names`, () => {
    const module = new WebAssembly.Module(readFileSync(join(ROOT, 'build', build)))
    assert.equal(WebAssembly.Module.imports(module), [])
    const names = WebAssembly.Module.exports(module).map(({ name }) => name)
    process.stdout.write(`\n${build}: ${names.length} exports\n`)
    assert.ok(names.length <= EXPORTS_MAX, names.join(' '))
  })
}

tests.run()
