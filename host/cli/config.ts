// `wasmqtt check FILE` and `wasmqtt config schema|convert|example`: looks at configuration files
// without starting a broker. Called by main.ts.

import { Command } from 'commander'
import { isMosquittoConf } from '../config/read.ts'
import { Failure } from './failure.ts'
import { loadConfig } from './load.ts'

/** @param words what follows `check` */
export async function runCheck(words: readonly string[]): Promise<void> {
  const command = new Command('wasmqtt check')
    .description('Says whether configuration files can be used: exit code 0, or 1 and why not.')
    .argument('<file...>', 'YAML or JSON, or a mosquitto.conf named *.conf')
    .action(async (files: string[]) => {
      for (const file of files) await check(file)
    })
  await command.parseAsync(words, { from: 'user' })
}

/** @param words what follows `config` */
export async function runConfig(words: readonly string[]): Promise<void> {
  const command = new Command('wasmqtt config').description('Helps with configuration files.')
  command
    .command('schema')
    .description('prints the JSON Schema of a configuration file, for editors')
    .action(printSchema)
  command
    .command('convert')
    .argument('<file>', 'a mosquitto.conf, named *.conf')
    .description('prints it as YAML')
    .action(convert)
  command
    .command('example')
    .description('prints a file with every key, its meaning and its default')
    .action(printExample)
  await command.parseAsync(words, { from: 'user' })
}

/** `wasmqtt --test-config -c FILE`, as Mosquitto has it. */
export async function testConfig(file: string | undefined): Promise<void> {
  if (file !== undefined) return check(file)
  throw new Failure('WASMQTT_CONFIG', ['--test-config: -c FILE says which file to look at'])
}

/** Lines as compilers print them, so that editors jump to the place. */
async function check(file: string): Promise<void> {
  try {
    const { warnings } = await loadConfig(file)
    for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`)
    process.stdout.write(`${file}: ok\n`)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    process.stderr.write(`${error.lines.join('\n')}\n`)
    process.exitCode = 1
  }
}

async function printSchema(): Promise<void> {
  const { editorSchema } = await import('../config/jsonschema.ts')
  process.stdout.write(`${JSON.stringify(editorSchema(), null, 2)}\n`)
}

async function printExample(): Promise<void> {
  const { exampleYaml } = await import('../config/example.ts')
  process.stdout.write(exampleYaml())
}

async function convert(file: string): Promise<void> {
  if (!isMosquittoConf(file)) {
    const line = `${file}: expected a mosquitto.conf, whose name ends in .conf`
    throw new Failure('WASMQTT_CONFIG', [line])
  }
  const { config, warnings } = await loadConfig(file)
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`)
  const { toYaml } = await import('../config/write.ts')
  process.stdout.write(toYaml(config))
}
