// The JSON Schema of a configuration file (draft 2020-12): for editors, for the README's table, and
// to say what could have been meant by a misspelt key. Made from schema.ts by zod.

import * as z from 'zod'
import { isObject, type Path } from './mistake.ts'
import { SCHEMA } from './schema.ts'

/** What of JSON Schema is used here, and two words of our own: `unset` and `unit`. */
export interface JsonSchema {
  $schema?: string
  $ref?: string
  $defs?: Record<string, JsonSchema>
  title?: string
  description?: string
  default?: unknown
  examples?: unknown[]
  unset?: string
  unit?: string
  writeOnly?: boolean
  type?: string | string[]
  const?: unknown
  enum?: unknown[]
  minimum?: number
  maximum?: number
  minItems?: number
  pattern?: string
  properties?: Record<string, JsonSchema>
  required?: string[]
  additionalProperties?: boolean | JsonSchema
  items?: JsonSchema
  anyOf?: JsonSchema[]
  oneOf?: JsonSchema[]
}

const DRAFT = 'https://json-schema.org/draft/2020-12/schema'
/** A value that holds a variable of the environment. */
const VARIABLE = '\\$\\{'

/** As our own code walks it: with `unset` and `unit`. */
export function rawSchema(): JsonSchema {
  return z.toJSONSchema(SCHEMA, { io: 'input', target: 'draft-2020-12' }) as JsonSchema
}

/** As editors take it: without words of our own, and with ${NAME} where a number may stand. */
export function editorSchema(): JsonSchema {
  const { $schema: _draft, ...rest } = forEditors(rawSchema())
  return { $schema: DRAFT, title: 'wasmqtt', ...rest }
}

/** The schema behind `$ref`. */
export function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (schema.$ref === undefined) return schema
  const id = schema.$ref.replace('#/$defs/', '')
  return { ...root.$defs?.[id] } as JsonSchema
}

/** The schema of what stands at a path of this value; undefined = there is none. */
export function schemaAt(root: JsonSchema, value: unknown, path: Path): JsonSchema | undefined {
  let schema: JsonSchema | undefined = choose(root, root, value)
  let here = value
  for (const step of path) {
    here = (here as Record<string | number, unknown> | null | undefined)?.[step]
    const next: JsonSchema | undefined =
      typeof step === 'number' ? schema?.items : propertyOf(schema, step)
    schema = next && choose(next, root, here)
  }
  return schema
}

function propertyOf(schema: JsonSchema | undefined, key: string): JsonSchema | undefined {
  const { properties = {}, additionalProperties } = schema ?? {}
  if (Object.hasOwn(properties, key)) return properties[key]
  // What stands in a list of names is as secret as the list.
  if (!isObject(additionalProperties)) return undefined
  return { ...additionalProperties, ...(schema?.writeOnly && { writeOnly: true }) }
}

/** Of several kinds the one whose `type` is the value's, or else the one with keys. */
function choose(schema: JsonSchema, root: JsonSchema, value: unknown): JsonSchema {
  const plain = resolve(schema, root)
  const kinds = (plain.oneOf ?? plain.anyOf)?.map((kind) => resolve(kind, root))
  if (kinds === undefined) return plain
  const type = isObject(value) ? value.type : undefined
  const named =
    type !== undefined && kinds.find(({ properties }) => properties?.type?.const === type)
  return named || (kinds.find(({ properties }) => properties !== undefined) ?? plain)
}

function forEditors(schema: JsonSchema): JsonSchema {
  const { unset, unit, description, ...rest } = schema
  const more = [description, unit && `In ${unit}.`, unset && `Default: ${unset}.`]
  const sentences = more.filter((sentence) => sentence)
  return {
    ...(sentences.length > 0 && { description: sentences.join(' ') }),
    ...rest,
    ...allowVariable(rest),
    ...mapped('properties', rest),
    ...mapped('$defs', rest),
    ...(isObject(rest.additionalProperties) && {
      additionalProperties: forEditors(rest.additionalProperties),
    }),
    ...(rest.items && { items: forEditors(rest.items) }),
    ...(rest.anyOf && { anyOf: rest.anyOf.map(forEditors) }),
    ...(rest.oneOf && { oneOf: rest.oneOf.map(forEditors) }),
  }
}

function mapped(key: 'properties' | '$defs', schema: JsonSchema): JsonSchema {
  const entries = Object.entries(schema[key] ?? {})
  if (entries.length === 0) return {}
  return { [key]: Object.fromEntries(entries.map(([name, part]) => [name, forEditors(part)])) }
}

/** `minimum` speaks of numbers only and `pattern` of strings only, so both can stand together. */
function allowVariable({ type, enum: words, const: word }: JsonSchema): JsonSchema {
  const isOpen = words === undefined && word === undefined
  if (!isOpen || (type !== 'integer' && type !== 'number' && type !== 'boolean')) return {}
  return { type: [type, 'string'], pattern: VARIABLE }
}
