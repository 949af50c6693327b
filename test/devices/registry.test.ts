// The registry by itself: names, secrets, pages, what is on disk and when, and files in and out,
// whole ones and broken ones.

import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { exportPage, type Format, importText } from '../../host/access/devices/exchange.ts'
import type { Device, RegistryError } from '../../host/access/devices/model.ts'
import { DeviceRegistry, infoOf } from '../../host/access/devices/registry.ts'
import { temporaryDirectory } from '../process.ts'

const test = suite('devices: registry')

async function errorOf(work: Promise<unknown>): Promise<RegistryError> {
  return work.then(
    () => {
      throw new Error('it did not fail')
    },
    (error) => error,
  )
}

/** Product `pk`, some devices, one of them disabled, one with a token, one that has come. */
async function fill(registry: DeviceRegistry): Promise<void> {
  await registry.createProduct({ productKey: 'pk', name: 'lamps, "big"' })
  await registry.createProduct({ productKey: 'empty', dynamicRegistration: 'any' })
  for (const deviceName of ['c', 'a', 'b']) {
    await registry.createDevice({ productKey: 'pk', deviceName, deviceSecret: `,"${deviceName}` })
  }
  await registry.disableDevice({ productKey: 'pk', deviceName: 'a' })
  const token = { clientId: 'id', value: 'v' }
  await registry.giveToken({ productKey: 'pk', deviceName: 'b' }, token)
  registry.touch({ productKey: 'pk', deviceName: 'c' })
}

function dump(registry: DeviceRegistry): object {
  return { products: registry.listProducts(), devices: registry.listDevices().devices }
}

function lines(registry: DeviceRegistry, format: Format): string {
  return exportPage(registry, { format }).lines.join('\n')
}

test('secrets and names that are made up: long, plain, never the same', async () => {
  const registry = await DeviceRegistry.open()
  const { productKey, productSecret } = await registry.createProduct()
  assert.match(productKey, /^[A-Za-z0-9]{11}$/)
  assert.match(productSecret, /^[A-Za-z0-9]{32}$/)
  const devices = await registry.createDevices(Array(1000).fill({ productKey }))
  assert.is(new Set(devices.map(({ deviceName }) => deviceName)).size, 1000)
  assert.is(new Set(devices.map(({ deviceSecret }) => deviceSecret)).size, 1000)
  for (const { deviceSecret } of devices) assert.match(deviceSecret, /^[A-Za-z0-9]{32}$/)
})

test('names that would mean something in topics or identifiers are refused', async () => {
  const registry = await DeviceRegistry.open()
  for (const productKey of ['', 'a.b', 'a/b', 'a&b', '+', 'sys', 'broadcast', 'x'.repeat(65)]) {
    const error = await errorOf(registry.createProduct({ productKey }))
    assert.instance(error, RangeError, productKey)
  }
  await registry.createProduct({ productKey: 'pk' })
  for (const deviceName of ['', 'a/b', 'a&b', '+', '#', 'a|b', 'x y', 'ü', 'x'.repeat(65)]) {
    const error = await errorOf(registry.createDevice({ productKey: 'pk', deviceName }))
    assert.instance(error, RangeError, deviceName)
  }
  const secret = errorOf(registry.createDevice({ productKey: 'pk', deviceSecret: 'se cret' }))
  assert.not.match((await secret).message, 'se cret')
})

test('what is there twice or not at all is an error, and changes nothing', async () => {
  const registry = await DeviceRegistry.open()
  await fill(registry)
  const before = dump(registry)
  const name = { productKey: 'pk', deviceName: 'a' }
  const unknown = { productKey: 'pk', deviceName: 'z' }
  const failures: [Promise<unknown>, string][] = [
    [registry.createProduct({ productKey: 'pk' }), 'WASMQTT_DEVICE_EXISTS'],
    [registry.createDevices([unknown, name]), 'WASMQTT_DEVICE_EXISTS'],
    [registry.createDevices([unknown, unknown]), 'WASMQTT_DEVICE_EXISTS'],
    [registry.createDevice({ productKey: 'no' }), 'WASMQTT_DEVICE_UNKNOWN'],
    [registry.deleteProduct('no'), 'WASMQTT_DEVICE_UNKNOWN'],
  ]
  for (const [work, code] of failures) assert.is((await errorOf(work)).code, code)
  for (const change of ['disableDevice', 'enableDevice', 'rotateSecret', 'deleteDevice'] as const) {
    try {
      await registry[change](unknown)
      assert.unreachable(change)
    } catch (error) {
      assert.is((error as RegistryError).code, 'WASMQTT_DEVICE_UNKNOWN')
    }
  }
  assert.equal(dump(registry), before)
})

test('pages follow each other in the order of names, whatever is between two products', async () => {
  const registry = await DeviceRegistry.open()
  const names = ['a/1', 'a/2', 'a-b/0', 'a-b/1', 'b/0'].sort()
  for (const productKey of ['b', 'a', 'a-b']) await registry.createProduct({ productKey })
  for (const name of names) {
    const [productKey, deviceName] = name.split('/') as [string, string]
    await registry.createDevice({ productKey, deviceName })
  }
  for (const limit of [1, 2, 3, 5, 6]) {
    const seen: string[] = []
    for (let after: string | undefined; ; ) {
      const { devices, next } = registry.listDevices({ limit, after })
      seen.push(...devices.map(({ deviceName, productKey }) => `${productKey}/${deviceName}`))
      if (next === undefined) break
      after = next
    }
    assert.equal(seen, ['a/1', 'a/2', 'a-b/0', 'a-b/1', 'b/0'], `pages of ${limit}`)
  }
})

test('what everybody may see has no secret in it', async () => {
  const registry = await DeviceRegistry.open()
  await fill(registry)
  const device = registry.getDevice({ productKey: 'pk', deviceName: 'b' })
  const text = JSON.stringify([registry.listProducts(), infoOf(device, false)])
  for (const word of ['ecret', 'token', device.deviceSecret]) assert.not.ok(text.includes(word))
})

test('everything is there after another start', async () => {
  const directory = join(temporaryDirectory(), 'devices')
  const registry = await DeviceRegistry.open({ directory })
  assert.not.ok(existsSync(directory), 'nothing to keep, nothing made')
  await fill(registry)
  assert.is(statSync(directory).mode & 0o777, 0o700, 'for its owner only')
  const before = dump(registry)
  await registry.close()
  const again = await DeviceRegistry.open({ directory })
  assert.equal(dump(again), before)
  await again.deleteDevice({ productKey: 'pk', deviceName: 'a' })
  await again.deleteProduct('empty')
  const after = dump(again)
  await again.close()
  const last = await DeviceRegistry.open({ directory })
  assert.equal(dump(last), after)
  await last.close()
})

test('a registry that is in use is said to be', async () => {
  const directory = join(temporaryDirectory(), 'devices')
  const registry = await DeviceRegistry.open({ directory })
  await registry.createProduct()
  const error = await errorOf(DeviceRegistry.open({ directory }))
  assert.is(error.code as string, 'WASMQTT_STORE_LOCKED')
  await registry.close()
})

test('what cannot be written has not happened', async () => {
  const registry = await DeviceRegistry.open({ directory: '/dev/null/devices' })
  const error = await errorOf(registry.createProduct({ productKey: 'pk' }))
  assert.is(error.code, 'WASMQTT_DEVICE_STORE')
  assert.equal(registry.listProducts(), [])
})

test('lines of JSON: out and in again, the registry is the same', async () => {
  const registry = await DeviceRegistry.open()
  await fill(registry)
  const copy = await DeviceRegistry.open()
  const text = lines(registry, 'json')
  assert.equal(await importText(copy, text, { format: 'json' }), { products: 2, devices: 3 })
  assert.equal(dump(copy), dump(registry))
  assert.is(lines(copy, 'json'), text)
})

test('comma-separated values: out and in again, the devices are the same', async () => {
  const registry = await DeviceRegistry.open()
  await fill(registry)
  const copy = await DeviceRegistry.open()
  await copy.createProduct({ productKey: 'pk' })
  const text = lines(registry, 'csv')
  await importText(copy, text.replaceAll('\n', '\r\n'), { format: 'csv' })
  assert.equal(copy.listDevices(), registry.listDevices())
  assert.is(lines(copy, 'csv'), text)
})

test('columns as other consoles name them; a secret that is missing is made', async () => {
  const registry = await DeviceRegistry.open()
  await registry.createProduct({ productKey: 'pk' })
  const text = '\uFEFFDeviceName,DeviceSecret,ProductKey\nd1,s1,pk\nd2,,pk\n'
  await importText(registry, text, { format: 'csv' })
  await importText(registry, 'devicename\nd3\n', { format: 'csv', productKey: 'pk' })
  const secrets = registry.listDevices().devices.map(({ deviceSecret }) => deviceSecret)
  assert.is(secrets[0], 's1')
  for (const secret of secrets.slice(1)) assert.match(secret, /^[A-Za-z0-9]{32}$/)
})

const HEAD = 'productKey,deviceName,deviceSecret,disabled,createdAt'

/** Format, text, and what is said of it. */
const BROKEN: readonly [Format, string, readonly string[]][] = [
  [
    'csv',
    'name,secret\na,b',
    [
      'line 1: expected columns out of productKey, deviceName, deviceSecret, disabled, createdAt, ' +
        "activatedAt, lastSeen, tokenClientId, deviceToken, got 'name'",
    ],
  ],
  ['csv', 'productKey\npk', ['line 1: expected a column deviceName']],
  ['csv', 'deviceName,devicename\npk', ['line 1: a column is there twice']],
  [
    'csv',
    [
      ...[HEAD, 'pk,new,SECRET,false,', 'pk,x', 'no,x,SECRET,false,', 'pk,a b,SECRET,false,'],
      ...['pk,x,SEC RET,false,', 'pk,x,SECRET,maybe,', 'pk,x,SECRET,false,yesterday'],
      ...['', 'pk,"x,SECRET', 'pk,"x"y,SECRET,,', 'pk,x"y,,,', 'pk,new,,,', 'pk,a,,,', ',x,,,'],
    ].join('\n'),
    [
      'line 3: expected 5 fields, got 2',
      'line 4: there is no product no',
      "line 5: expected a device name of 1-64 letters, digits, _ . : @ or -, got 'a b'",
      'line 6: expected a secret of 1-128 printable ASCII characters without spaces',
      'line 7: disabled: expected true or false',
      'line 8: createdAt: expected a time',
      'line 10: a quote that is not closed',
      'line 11: something between a quote and the next comma',
      'line 12: a quote in the middle of a field',
      'line 13: device pk/new is in the file twice',
      'line 14: device pk/a exists already',
      'line 15: expected a productKey',
    ],
  ],
  [
    'json',
    [
      ...['{"productKey":"pk","deviceName":"new","deviceSecret":"SECRET"', '[]', 'null'],
      ...['{"productKey":"pk","deviceName":7}', '{"productKey":"pk","deviceSecret":"SECRET"}'],
      ...['{"productKey":"pk","productSecret":"SECRET"}', '{"productSecret":"SECRET"}'],
      '{"productKey":"p","productSecret":"SECRET","dynamicRegistration":"yes"}',
      '{"productKey":"p","productSecret":"SECRET","topics":[{"filter":"#","permission":"both"}]}',
      '{"productKey":"pk","deviceName":"x","token":{"clientId":"SECRET"}}',
    ].join('\n'),
    [
      ...[1, 2, 3].map((line) => `line ${line}: expected an object in JSON`),
      'line 4: deviceName: expected a text',
      'line 5: expected a deviceName',
      'line 6: product pk exists already',
      'line 7: expected a productKey',
      'line 8: dynamicRegistration: expected off, listed or any',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: placeholders of a filter
      "line 9: expected a filter with the levels ${productkey}/${devicename} in it, got '#'",
      'line 10: expected a token with its client identifier, or neither',
    ],
  ],
]

test('broken files: each mistake with its line and no secret, and nothing is imported', async () => {
  const registry = await DeviceRegistry.open()
  await fill(registry)
  const before = dump(registry)
  for (const [format, text, expected] of BROKEN) {
    const { code, lines: said } = await errorOf(importText(registry, text, { format }))
    assert.equal([code, ...said], ['WASMQTT_DEVICE_IMPORT', ...expected])
    assert.not.match(said.join('\n'), /SEC ?RET/)
  }
  const many = ['deviceName', ...Array(30).fill('x y')].join('\n')
  const { lines: said } = await errorOf(
    importText(registry, many, { format: 'csv', productKey: 'pk' }),
  )
  assert.equal([said.length, said.at(-1)], [21, 'and 10 more'])
  assert.equal(dump(registry), before)
})

test('with replace, those that are there become what the file says', async () => {
  const registry = await DeviceRegistry.open()
  await fill(registry)
  const events: string[] = []
  registry.onEvent(({ type }) => events.push(type))
  const text = `${HEAD}\npk,a,",""a",false,\npk,b,other,,\npk,c,",""c",true,\n`
  await importText(registry, text, { format: 'csv', replace: true })
  assert.equal(events, ['device-changed', 'device-rotated', 'device-disabled'])
  const { devices } = registry.listDevices()
  const facts = devices.map(({ deviceSecret, disabled }: Device) => [deviceSecret, disabled])
  assert.equal(facts, [
    [',"a', false],
    ['other', false],
    [',"c', true],
  ])
})

test.run()
