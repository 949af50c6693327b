// The JSON Schema that editors get: the same files are right and wrong by it as by our own reader,
// except for what no JSON Schema can say.

// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of files

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import * as z from 'zod'
import { editorSchema, type JsonSchema, rawSchema } from '../../host/config/jsonschema.ts'
import { DEFAULTS } from '../../host/config/options.ts'

const tests = suite('JSON Schema of the configuration')
const schema = editorSchema()
const validator = z.fromJSONSchema(schema as never)

/** Every schema inside of one, itself first. */
function walk(part: JsonSchema): JsonSchema[] {
  const { additionalProperties: names, items } = part
  const inside = [
    ...Object.values(part.properties ?? {}),
    ...Object.values(part.$defs ?? {}),
    ...(part.anyOf ?? []),
    ...(part.oneOf ?? []),
    ...(items ? [items] : []),
    ...(typeof names === 'object' ? [names] : []),
  ]
  return [part, ...inside.flatMap(walk)]
}

tests('it names its draft and survives being JSON', () => {
  assert.is(schema.$schema, 'https://json-schema.org/draft/2020-12/schema')
  assert.is(schema.title, 'wasmqtt')
  assert.equal(JSON.parse(JSON.stringify(schema)), schema)
})

tests('objects take no other keys, and every key says what it means', () => {
  const bare = walk(schema).flatMap(({ properties, additionalProperties }) =>
    properties === undefined
      ? []
      : [
          ...(additionalProperties === false ? [] : ['an open object']),
          ...Object.keys(properties).filter(
            (key) => !properties[key]?.description && !properties[key]?.$ref,
          ),
        ],
  )
  assert.equal(bare, [])
})

tests('words of our own are not in it, and every $ref leads somewhere', () => {
  for (const part of walk(schema)) {
    assert.not('unset' in part || 'unit' in part)
    const id = part.$ref?.replace('#/$defs/', '')
    assert.ok(id === undefined || schema.$defs?.[id]?.description)
  }
})

tests('defaults are those of the broker', () => {
  const { clock: _clock, log: _log, data: _data, ...options } = DEFAULTS
  for (const [key, value] of Object.entries(options)) {
    assert.equal(schema.properties?.[key]?.default, value, key)
  }
})

tests('units stand in descriptions', () => {
  const { connectTimeoutMs } = schema.properties ?? {}
  assert.is(
    connectTimeoutMs?.description,
    'Time within which CONNECT must arrive. In milliseconds.',
  )
})

tests('secrets are marked, and nothing else', () => {
  const secrets = walk(rawSchema()).flatMap(({ properties = {} }) =>
    Object.keys(properties).filter((key) => properties[key]?.writeOnly),
  )
  assert.equal([...new Set(secrets)].sort(), ['headers', 'secret'])
})

for (const [title, value] of [
  ['nothing', {}],
  ['no admin listener', { admin: false }],
  ['a port of the environment', { listeners: [{ type: 'ws', port: '${PORT}' }] }],
  ['a boolean of the environment', { anonymous: '${OPEN:-true}' }],
  ['a step', { authentication: [{ type: 'jwt', secret: 'x' }] }],
  ['a step of a listener', { listeners: [{ type: 'mqtt', authentication: [{ type: 'device' }] }] }],
  ['log files', { log: { destinations: ['stdout', { file: 'x' }] } }],
] as const) {
  tests(`${title} is right by it`, () => {
    assert.ok(validator.safeParse(value).success)
  })
}

for (const [title, value] of [
  ['an unknown key', { qosmax: 1 }],
  ['an unknown key of a listener', { listeners: [{ type: 'ws', prt: 1 }] }],
  ['a number out of range', { inflightMax: 0 }],
  ['a word that is none of the list', { durability: 'tape' }],
  ['a listener without type', { listeners: [{ port: 1 }] }],
  ['text for a number', { listeners: [{ type: 'ws', port: 'x' }] }],
  ['a step with keys of another', { authentication: [{ type: 'certificate', secret: 'x' }] }],
  ['an admin listener that is true', { admin: true }],
] as const) {
  tests(`${title} is wrong by it`, () => {
    assert.not(validator.safeParse(value).success)
  })
}

tests.run()
