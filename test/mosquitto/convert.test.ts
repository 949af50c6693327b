// A mosquitto.conf made YAML: what `wasmqtt config convert` prints is a configuration without
// mistakes that means the same, for every shape that starts here.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { readMosquittoConf } from '../../host/config/mosquitto.ts'
import { toYaml } from '../../host/config/write.ts'
import { readConfig } from '../../host/config/yaml.ts'
import { runMain, stopAll, temporaryDirectory } from '../process.ts'
import { SHAPES } from './shapes.ts'

const tests = suite('mosquitto.conf: convert')
tests.after.each(stopAll)

const directory = temporaryDirectory()
const NAMES: Record<string, string> = { PORT: '1884', OTHER: '1885', DIR: join(directory, 'd') }
mkdirSync(String(NAMES.DIR))

function write(name: string, text: string): string {
  const file = join(directory, name)
  writeFileSync(file, text, 'latin1')
  return file
}

for (const { title, conf, mosquitto, here } of SHAPES) {
  const [expected] = here ?? [mosquitto]
  if (expected === 'refuses') continue
  tests(title, () => {
    const text = conf.replace(/\b(PORT|OTHER|DIR)\b/g, (word) => String(NAMES[word]))
    const { config } = readMosquittoConf(write('mosquitto.conf', text))
    assert.equal(readConfig(write('wasmqtt.yaml', toYaml(config))), config)
  })
}

tests('the binary prints YAML that it takes, warnings aside', async () => {
  const lines = ['listener 1884', 'password_file /etc/passwd # x', 'log_dest dlt', 'max_qos 1']
  const file = write('mosquitto.conf', lines.join('\n'))
  const convert = runMain(['config', 'convert', file])
  assert.is(await convert.untilExit(), 0)
  assert.is(convert.stderr, `warning: ${file}:3: log_dest dlt has no effect here\n`)
  const yaml = write('converted.yaml', `${convert.lines.join('\n')}\n`)
  const check = runMain(['check', yaml])
  assert.is(await check.untilExit(), 0)
  assert.equal(readConfig(yaml), readMosquittoConf(file).config)
})

tests.run()
