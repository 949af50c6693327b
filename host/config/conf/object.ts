// Helper of the translation: objects that have a key only when there is something to say. Config's
// keys may be left out, but not be undefined.

/** An object with this key only if there is a value for it. */
export function defined<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V }
}
