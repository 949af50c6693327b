// Writes a configuration as YAML that read.ts reads back as the same: what a converted
// mosquitto.conf becomes. Called by cli/config.ts.

import { Document, isMap, isScalar, visit } from 'yaml'
import type { Config } from './config.ts'
import { rawSchema } from './jsonschema.ts'

const WIDTH = 96

/** Each section below a comment that says what it is. */
export function toYaml(config: Config): string {
  const document = new Document(config, null, { aliasDuplicateObjects: false })
  visit(document, {
    Scalar: (key, node, ancestors) => {
      const { value } = node
      if (key === 'key' || typeof value !== 'string') return
      if (!isTopic(ancestors)) node.value = value.replaceAll('${', () => '$${')
    },
  })
  const { properties = {} } = rawSchema()
  if (!isMap(document.contents)) return '{}\n'
  for (const [i, { key }] of document.contents.items.entries()) {
    if (!isScalar(key)) continue
    const { description } = properties[String(key.value)] ?? {}
    key.commentBefore = description === undefined ? null : wrap(description)
    key.spaceBefore = i > 0
  }
  return document.toString({ lineWidth: 0 })
}

/** What ${...} stands for in a list of topics is no variable. */
function isTopic(ancestors: readonly unknown[]): boolean {
  const { key } = (ancestors.at(-2) ?? {}) as { key?: unknown }
  return isScalar(key) && key.value === 'topics'
}

function wrap(text: string): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.length - 1
    if ((lines[last] as string).length + word.length > WIDTH) lines.push('')
    lines[lines.length - 1] += ` ${word}`
  }
  return lines.join('\n')
}
