// Keys that exclude or need each other: what the schema cannot say key by key. Looks only at what
// is there and of the kind it should be, so that it can speak beside the schema's own complaints.

import { findListenerContradictions } from './listeners.ts'
import { isObject, type Mistake, type Path } from './mistake.ts'
import { KEY_ALGORITHMS, SECRET_ALGORITHMS } from './schema/access.ts'

type Values = Record<string, unknown>

/** @param value a Config, or what somebody took for one */
export function findContradictions(value: unknown): Mistake[] {
  if (!isObject(value)) return []
  const { listeners, log, admin } = value
  const own = Array.isArray(listeners) ? listeners : []
  return [
    ...findListenerContradictions(own, isObject(admin) ? admin : undefined),
    ...findAccess(value, []),
    ...own.flatMap((listener, i) =>
      isObject(listener) ? findAccess(listener, ['listeners', i]) : [],
    ),
    ...(isObject(log) ? findLog(log) : []),
  ]
}

/** Steps and rules of the top of the file or of a listener. */
function findAccess({ authentication, authorization }: Values, path: Path): Mistake[] {
  const steps = Array.isArray(authentication) ? authentication : []
  const rules =
    isObject(authorization) && Array.isArray(authorization.rules) ? authorization.rules : []
  return [
    ...steps.flatMap((step, i) =>
      isObject(step) && step.type === 'jwt' ? findJwt(step, [...path, 'authentication', i]) : [],
    ),
    ...rules.flatMap((rule, i) =>
      isObject(rule) ? findRule(rule, [...path, 'authorization', 'rules', i]) : [],
    ),
  ]
}

const KEY_SOURCES = ['secret', 'secretFile', 'publicKeyFile', 'jwksFile', 'jwksUrl']
const KEY_SOURCE_WORDS = `${KEY_SOURCES.slice(0, -1).join(', ')} or ${KEY_SOURCES.at(-1)}`

function findJwt(step: Values, path: Path): Mistake[] {
  const [first, ...more] = KEY_SOURCES.filter((key) => key in step)
  if (first === undefined) return [{ path, problem: `expected ${KEY_SOURCE_WORDS}, got none` }]
  const problem = `cannot stand beside ${first}: a jwt step has one source of keys`
  return [
    ...more.map((key): Mistake => ({ path: [...path, key], problem, at: 'key' })),
    ...findAlgorithms(step, first, path),
  ]
}

/** A public key taken for a shared secret would let everybody sign. */
function findAlgorithms(step: Values, source: string, path: Path): Mistake[] {
  const { algorithms } = step
  if (!Array.isArray(algorithms) || source.startsWith('jwks')) return []
  const isSecret = source.startsWith('secret')
  const wrong = isSecret ? KEY_ALGORITHMS : SECRET_ALGORITHMS
  const problem = isSecret ? `needs a public key, not ${source}` : `needs a secret, not ${source}`
  return algorithms.flatMap((algorithm, i) =>
    wrong.includes(algorithm) ? [{ path: [...path, 'algorithms', i], problem }] : [],
  )
}

function findRule(rule: Values, path: Path): Mistake[] {
  if (rule.anonymous !== true || !('username' in rule)) return []
  const problem = 'cannot stand beside anonymous: true, which is about clients without one'
  return [{ path: [...path, 'username'], problem, at: 'key' }]
}

function findLog(log: Values): Mistake[] {
  const mistakes: Mistake[] = []
  const complain = (key: string, problem: string): void => {
    mistakes.push({ path: ['log', key], problem, at: 'key' })
  }
  if ('types' in log && 'level' in log) {
    complain('types', 'cannot stand beside level: it takes its place')
  }
  if ('timestampFormat' in log && log.format === 'json') {
    complain('timestampFormat', 'is for format: pretty, not for json')
  }
  if ('timestampFormat' in log && log.timestamp === false) {
    complain('timestampFormat', 'cannot stand beside timestamp: false')
  }
  return mistakes
}
