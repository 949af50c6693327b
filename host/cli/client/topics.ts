// Topic names and filters as a client checks them before it asks a broker: where wildcards may
// stand, and what a filter matches. Used by the options of `pub` and `sub`.

const TOPIC_BYTES_MAX = 65_535

/** What a message can be published to. */
export function isTopicName(text: string): boolean {
  return isTopic(text) && !/[+#]/.test(text)
}

/** `+` and `#` alone in their level, `#` only in the last. [MQTT-4.7.1-1] [MQTT-4.7.1-2] */
export function isTopicFilter(text: string): boolean {
  if (!isTopic(text)) return false
  const levels = text.split('/')
  return levels.every((level, i) => {
    if (level === '#') return i === levels.length - 1
    return level === '+' || !/[+#]/.test(level)
  })
}

/** Topics that begin with `$` are not matched by a leading wildcard. [MQTT-4.7.2-1] */
export function filterMatches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false
  const levels = topic.split('/')
  const parts = filter.split('/')
  for (const [i, part] of parts.entries()) {
    if (part === '#') return true
    if (i >= levels.length || (part !== '+' && part !== levels[i])) return false
  }
  return parts.length === levels.length
}

function isTopic(text: string): boolean {
  const bytes = Buffer.byteLength(text)
  return bytes > 0 && bytes <= TOPIC_BYTES_MAX && !text.includes('\0')
}
