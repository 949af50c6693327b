// What differs between two configurations, a line for each setting, as a reload logs it. Values
// that may be secrets are not shown: neither they nor what they were.

const SECRET = /secret|password|passphrase|token|headers|psk|authentication|authorization/i
const SHOWN_LENGTH_MAX = 80

/** `inflightMax: 32 -> 20`; nested settings by their path, `tls.certificate: …`. */
export function differences(before: object, after: object, prefix = ''): string[] {
  const [old, now] = [before, after] as [Record<string, unknown>, Record<string, unknown>]
  const keys = new Set([...Object.keys(old), ...Object.keys(now)])
  return [...keys].flatMap((key) => {
    const path = prefix + key
    const [was, is] = [old[key], now[key]]
    if (isSame(was, is)) return []
    if (SECRET.test(path)) return [`${path}: changed`]
    if (isGroup(was) && isGroup(is)) return differences(was, is, `${path}.`)
    return [`${path}: ${show(was)} -> ${show(is)}`]
  })
}

export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

/** The order of keys says nothing. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isGroup(value)) return value
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  entries.sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]))
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function show(value: unknown): string {
  if (value === undefined) return 'unset'
  if (isGroup(value)) return 'set'
  const text =
    typeof value === 'string' && /^[\w./:*-]+$/.test(value) ? value : JSON.stringify(value)
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX - 3)}...` : text
}
