// Mosquitto's acl_file, with its semantics: `topic` lines for one user (or for clients without a
// user name), `pattern` lines for everybody, denials before everything else of their list. It has
// no opinion about subscribing: reading is checked at each delivery, as Mosquitto does.

import { readFileSync } from 'node:fs'
import { isFilter, isPlain, matches } from './filters.ts'
import type { Judge, Opinion, Subject } from './judge.ts'

type Access = 'read' | 'write' | 'readwrite' | 'deny'

interface Entry {
  readonly access: Access
  readonly levels: readonly string[]
}

export interface Acl {
  /** Of clients without a user name. */
  readonly anonymous: readonly Entry[]
  readonly users: ReadonlyMap<string, readonly Entry[]>
  readonly patterns: readonly Entry[]
}

const ACCESSES: readonly string[] = ['read', 'write', 'readwrite', 'deny']
const BRIDGE_STATE = ['$SYS', 'broker', 'connection', '+', 'state']

/** An ACL file that is not well-formed: one line, `file:line: what`. */
export class AclError extends Error {
  override readonly name = 'AclError'
}

export class AclFile implements Judge {
  private readonly file: string
  private acl: Acl

  /** @throws AclError */
  constructor(file: string) {
    this.file = file
    this.acl = read(file)
  }

  /** Reads the file again. @throws AclError, and then what was there stays */
  refresh(): void {
    this.acl = read(this.file)
  }

  publish(subject: Subject, topic: string): Opinion {
    const levels = topic.split('/')
    if (levels[0] === '$share') return 'deny'
    if (levels[0] === '$SYS' && !matches(BRIDGE_STATE, levels)) return 'deny'
    return this.decide(subject, levels, 'write')
  }

  subscribe(): Opinion {
    return 'allow'
  }

  receive(subject: Subject, topic: string): Opinion {
    return this.decide(subject, topic.split('/'), 'read')
  }

  private decide(
    subject: Subject,
    topic: readonly string[],
    wanted: 'read' | 'write',
  ): 'allow' | 'deny' {
    const { anonymous, patterns, users } = this.acl
    const { clientId, username } = subject
    const own = username === undefined ? anonymous : (users.get(username) ?? [])
    const known = ask(own, topic, wanted)
    if (known !== undefined) return known
    // A wildcard in a name would otherwise become one in the pattern.
    if (patterns.length > 0 && /[+#]/.test(`${username ?? ''}${clientId}`)) return 'deny'
    const filled = patterns.flatMap(({ access, levels }) => {
      const own = substitute(levels, subject)
      return own === undefined ? [] : [{ access, levels: own }]
    })
    return ask(filled, topic, wanted) ?? 'deny'
  }
}

/** Denials stand first: see `sorted`. */
function ask(entries: readonly Entry[], topic: readonly string[], wanted: Access): Opinion {
  for (const { access, levels } of entries) {
    if (!matches(levels, topic)) continue
    if (access === 'deny') return 'deny'
    if (access === 'readwrite' || access === wanted) return 'allow'
  }
  return undefined
}

/** `%c` and `%u` as whole levels; undefined when the client has no such value. */
function substitute(
  levels: readonly string[],
  { clientId, username }: Subject,
): readonly string[] | undefined {
  const filled: string[] = []
  for (const level of levels) {
    const value = level === '%c' ? clientId : level === '%u' ? username : level
    if (value === undefined || (value !== level && !isPlain(value))) return undefined
    filled.push(value)
  }
  return filled
}

function read(file: string): Acl {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new AclError(`${file}: cannot be read: ${(error as Error).message}`)
  }
  return parseAcl(text, file)
}

/** @throws AclError @param file for messages */
export function parseAcl(text: string, file: string): Acl {
  const anonymous: Entry[] = []
  const users = new Map<string, Entry[]>()
  const patterns: Entry[] = []
  let own = anonymous
  text.split('\n').forEach((raw, i) => {
    const line = raw.trimEnd()
    if (line === '' || line.startsWith('#')) return
    const fail = (what: string): never => {
      throw new AclError(`${file}:${i + 1}: ${what}`)
    }
    const [keyword, rest] = cut(line)
    if (keyword === 'user') {
      const name = rest.trim()
      if (name === '') fail('expected a user name behind "user", got nothing')
      own = users.get(name) ?? []
      users.set(name, own)
    } else if (keyword === 'topic') own.push(parseEntry(rest, fail))
    else if (keyword === 'pattern') patterns.push(parseEntry(rest, fail))
    else fail(`expected "topic", "user" or "pattern", got "${keyword}"`)
  })
  return {
    anonymous: sorted(anonymous),
    users: new Map([...users].map(([name, entries]) => [name, sorted(entries)])),
    patterns: sorted(patterns),
  }
}

/** First word, and what follows its spaces. */
function cut(line: string): [string, string] {
  const found = /^([^ ]*) *(.*)$/s.exec(line) as RegExpExecArray
  return [found[1] as string, found[2] as string]
}

/** The second word is the access only if a third part follows. */
function parseEntry(rest: string, fail: (what: string) => never): Entry {
  const [first, behind] = cut(rest)
  if (first === '') fail('expected a topic, got nothing')
  const filter = behind === '' ? first : behind
  const access = behind === '' ? 'readwrite' : first
  if (!ACCESSES.includes(access)) {
    fail(`expected "read", "write", "readwrite" or "deny", got "${access}"`)
  }
  const levels = filter.split('/')
  if (!isFilter(levels)) fail(`"${filter}" is not a topic filter`)
  return { access: access as Access, levels }
}

/** Denials go before everything else, else the order of the file. */
function sorted(entries: readonly Entry[]): readonly Entry[] {
  const isDenial = ({ access }: Entry): boolean => access === 'deny'
  return [...entries.filter(isDenial), ...entries.filter((entry) => !isDenial(entry))]
}
