// Topics and filters as arrays of levels: does a filter match a topic, contain another filter, or
// have a topic in common with it. MQTT 5.0 section 4.7. Used by everyone who writes rules; the
// trie in the module is for subscriptions.

/** A level of a rule that stands for a value of the client: `${username}`. */
export interface Placeholder {
  readonly name: string
}

export type Level = string | Placeholder

const PLACEHOLDER = /^\$\{([a-z]+)\}$/

/**
 * Levels of a rule's filter, placeholders only as whole levels.
 * @throws RangeError when a wildcard is not where one may be: it would match more than is meant
 */
export function parseFilter(text: string): Level[] {
  const levels = text.split('/')
  if (!isFilter(levels)) throw new RangeError(`"${text}" is not a topic filter`)
  return levels.map((level) => {
    const name = PLACEHOLDER.exec(level)?.[1]
    return name === undefined ? level : { name }
  })
}

/** `+` only as a whole level, `#` only as the last. [MQTT-4.7.1-1] [MQTT-4.7.1-2] */
export function isFilter(levels: readonly string[]): boolean {
  return levels.every((level, i) =>
    level === '#' ? i === levels.length - 1 : level === '+' || !/[+#]/.test(level),
  )
}

/**
 * The levels with the client's values in place; undefined when one is missing, empty, or would
 * mean more than one level.
 */
export function fillIn(
  levels: readonly Level[],
  value: (name: string) => string | undefined,
): readonly string[] | undefined {
  if (!levels.some((level) => typeof level !== 'string')) return levels as readonly string[]
  const filled: string[] = []
  for (const level of levels) {
    const text = typeof level === 'string' ? level : value(level.name)
    if (text === undefined) return undefined
    if (typeof level !== 'string' && !isPlain(text)) return undefined
    filled.push(text)
  }
  return filled
}

/** Whether a value may stand as one level. */
export function isPlain(value: string): boolean {
  return value !== '' && !/[/+#]/.test(value)
}

/** Whether `filter` matches `topic`. [MQTT-4.7.1-2] [MQTT-4.7.2-1] */
export function matches(filter: readonly string[], topic: readonly string[]): boolean {
  if (isHidden(filter, topic)) return false
  for (let i = 0; i < filter.length; i++) {
    const level = filter[i]
    if (level === '#') return true
    if (i >= topic.length) return false
    if (level !== '+' && level !== topic[i]) return false
  }
  return filter.length === topic.length
}

/** Whether every topic that `inner` matches is matched by `outer`. */
export function contains(outer: readonly string[], inner: readonly string[]): boolean {
  if (isHidden(outer, inner)) return false
  for (let i = 0; i < outer.length; i++) {
    const level = outer[i]
    if (level === '#') return true
    const other = inner[i]
    if (other === undefined || other === '#') return false
    if (level !== '+' && level !== other) return false
  }
  return outer.length === inner.length
}

/** Whether some topic is matched by both. */
export function overlaps(one: readonly string[], other: readonly string[]): boolean {
  if (isHidden(one, other) || isHidden(other, one)) return false
  for (let i = 0; ; i++) {
    const a = one[i]
    const b = other[i]
    if (a === '#' || b === '#') return true
    if (a === undefined || b === undefined) return a === b
    if (a !== '+' && b !== '+' && a !== b) return false
  }
}

/** A leading wildcard means no topic that begins with `$`. */
function isHidden(filter: readonly string[], topic: readonly string[]): boolean {
  const first = filter[0]
  return (first === '#' || first === '+') && (topic[0] as string).startsWith('$')
}
