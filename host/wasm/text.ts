// Strings out of bytes, without a Buffer. Topics come again and again, and a short one costs less
// to find than to make: a small table keeps the last ones, found by a hash of their bytes.

const decoder = new TextDecoder('utf-8', { ignoreBOM: true }) // [MQTT-1.5.4-3]

const SHORT_MAX = 64
const SLOTS = 1024
const table: string[] = new Array(SLOTS).fill('')

/** The string that the bytes from `start` to `end` are; they are UTF-8. */
export function readText(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start
  if (length > SHORT_MAX || length === 0) {
    return length === 0 ? '' : decoder.decode(bytes.subarray(start, end))
  }
  let hash = length
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
  const slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
  const known = table[slot] as string
  if (isAscii(known, bytes, start, length)) return known
  const text = decoder.decode(bytes.subarray(start, end))
  if (text.length === length) table[slot] = text
  return text
}

/** Whether the bytes are these characters, one a byte. */
function isAscii(text: string, bytes: Uint8Array, start: number, length: number): boolean {
  if (text.length !== length) return false
  for (let i = 0; i < length; i++) {
    if (text.charCodeAt(i) !== bytes[start + i]) return false
  }
  return true
}
