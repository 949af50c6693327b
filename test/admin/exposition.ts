// A strict reader of Prometheus' text format 0.0.4, written from its description: what it does not
// know it refuses. Beside the grammar it holds to the rules about order, repetition and histograms.

export interface Sample {
  name: string
  labels: Record<string, string>
  value: number
}

export interface Family {
  name: string
  type: string
  help: string
  samples: Sample[]
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"/
const VALUE = /^ ([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|NaN|[+-]Inf)( -?\d+)?$/
const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped']
const ESCAPES: Record<string, string> = { '\\\\': '\\', '\\"': '"', '\\n': '\n' }

/** @throws Error that names line and rule */
export function parseExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  const reader = new Reader()
  text
    .slice(0, -1)
    .split('\n')
    .forEach((line, i) => {
      try {
        reader.take(line)
      } catch (error) {
        throw new Error(`line ${i + 1}: ${(error as Error).message}: ${line}`)
      }
    })
  for (const family of reader.families.values()) check(family)
  return reader.families
}

class Reader {
  readonly families = new Map<string, Family>()
  readonly #seen = new Set<string>()
  #helps = new Map<string, string>()
  #current: Family | undefined

  take(line: string): void {
    if (line === '') return
    if (!line.startsWith('#')) this.#takeSample(line)
    else if (line.startsWith('# HELP ')) this.#takeHelp(line.slice('# HELP '.length))
    else if (line.startsWith('# TYPE ')) this.#takeType(line.slice('# TYPE '.length))
    else if (/^# *(HELP|TYPE)/.test(line)) throw new Error('HELP or TYPE with wrong spaces')
  }

  #takeHelp(rest: string): void {
    const name = nameAt(rest)
    if (this.#helps.has(name)) throw new Error('second HELP')
    if (this.families.has(name)) throw new Error('HELP after TYPE')
    const help = rest.slice(name.length + 1)
    if (rest[name.length] !== ' ' || help.trim() === '') throw new Error('HELP without a text')
    if (/\\(?![\\n])/.test(help.replaceAll('\\\\', ''))) throw new Error('unknown escape in HELP')
    this.#helps.set(name, help)
  }

  #takeType(rest: string): void {
    const name = nameAt(rest)
    const type = rest.slice(name.length + 1)
    if (rest[name.length] !== ' ' || !TYPES.includes(type)) throw new Error('unknown TYPE')
    if (this.families.has(name)) throw new Error('second TYPE')
    const help = this.#helps.get(name)
    if (help === undefined) throw new Error('TYPE without HELP before it')
    this.#current = { name, type, help, samples: [] }
    this.families.set(name, this.#current)
  }

  #takeSample(line: string): void {
    const name = nameAt(line)
    const { labels, rest } = labelsAt(line.slice(name.length))
    const found = VALUE.exec(rest)
    if (found === null) throw new Error('no value')
    if (found[2] !== undefined) throw new Error('a timestamp')
    if (this.#current === undefined || !belongs(name, this.#current)) {
      throw new Error('a sample outside the group of its family')
    }
    const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
    const key = JSON.stringify([name, sorted])
    if (this.#seen.has(key)) throw new Error('the same sample again')
    this.#seen.add(key)
    this.#current.samples.push({ name, labels, value: numberOf(found[1] as string) })
  }
}

function nameAt(text: string): string {
  const found = NAME.exec(text)
  if (found === null) throw new Error('no metric name')
  return found[0]
}

function labelsAt(text: string): { labels: Record<string, string>; rest: string } {
  const labels: Record<string, string> = {}
  if (!text.startsWith('{')) return { labels, rest: text }
  let rest = text.slice(1)
  while (!rest.startsWith('}')) {
    const found = LABEL.exec(rest)
    if (found === null) throw new Error('not a label')
    const [whole, name, value] = found as unknown as [string, string, string]
    if (Object.hasOwn(labels, name)) throw new Error(`label ${name} twice`)
    if (name.startsWith('__')) throw new Error(`label ${name} is reserved`)
    labels[name] = value.replaceAll(/\\["\\n]/g, (found) => ESCAPES[found] as string)
    rest = rest.slice(whole.length)
    if (rest.startsWith(',')) rest = rest.slice(1)
    else if (!rest.startsWith('}')) throw new Error('labels without a comma between')
  }
  return { labels, rest: rest.slice(1) }
}

function belongs(name: string, { name: family, type }: Family): boolean {
  if (type !== 'histogram') return name === family
  return ['_bucket', '_sum', '_count'].some((ending) => name === family + ending)
}

function numberOf(text: string): number {
  return text.endsWith('Inf') ? Number(`${text}inity`) : Number(text)
}

/** What must hold of a family as a whole. */
function check({ name, type, samples }: Family): void {
  const refuse = (why: string): never => {
    throw new Error(`${name}: ${why}`)
  }
  if (type === 'counter') {
    if (!name.endsWith('_total')) refuse('a counter whose name does not end in _total')
    if (samples.some(({ value }) => !(value >= 0 && value < Infinity))) refuse('not a count')
  }
  if (type !== 'counter' && name.endsWith('_total')) refuse('_total, and not a counter')
  if (type === 'histogram') checkHistogram(name, samples, refuse)
}

function checkHistogram(name: string, samples: Sample[], refuse: (why: string) => never): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`)
  const one = (ending: string): number => {
    const found = samples.filter((sample) => sample.name === name + ending)
    return found.length === 1 ? (found[0] as Sample).value : refuse(`not one ${ending}`)
  }
  let [bound, count] = [-Infinity, 0]
  for (const { labels, value } of buckets) {
    const le = numberOf(labels.le ?? refuse('a bucket without le'))
    if (!(le > bound)) refuse('buckets out of order')
    if (value < count) refuse('a bucket smaller than the one before')
    bound = le
    count = value
  }
  if (bound !== Infinity) refuse('no bucket +Inf')
  if (count !== one('_count')) refuse('the last bucket is not the count')
  if (!(one('_sum') >= 0)) refuse('a sum below 0')
}
