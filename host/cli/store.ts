// `wasmqtt store check|stats|export|import --data DIR`: looks into the store of a stopped broker,
// or moves it. Called by main.ts; mends and deletes nothing.

import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Command } from 'commander'
import { STORE_FOLDER } from '../index.ts'
import { type Database, StoreError, tryOpen } from '../store/database.ts'
import { examineStore, exportStore, importStore } from '../store/dump.ts'
import { Failure } from './failure.ts'

const DATA = './wasmqtt-data'

/** @param words what follows `store` */
export async function runStore(words: readonly string[]): Promise<void> {
  const command = new Command('wasmqtt store').description(
    'Looks into the store of a stopped broker.',
  )
  const add = (name: string, description: string, run: (directory: string) => Promise<void>) =>
    command
      .command(name)
      .description(description)
      .option('--data <directory>', 'where data is kept', DATA)
      .action(({ data }: { data: string }) => guard(run(join(data, STORE_FOLDER))))
  add('check', 'looks whether everything that is waited for is there', check)
  add('stats', 'prints what is stored, as JSON', stats)
  add('export', 'prints every record, as JSON lines', dump)
  add('import', 'reads such lines from standard input into an empty store', load)
  await command.parseAsync(words, { from: 'user' })
}

async function guard(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (error instanceof StoreError) throw new Failure(error.code, [`store: ${error.message}`])
    if (error instanceof SyntaxError) throw new Failure('WASMQTT_IMPORT', [error.message])
    throw error
  }
}

async function withStore<T>(
  directory: string,
  options: { create: boolean },
  use: (database: Database) => Promise<T>,
): Promise<T> {
  const { database } = await tryOpen(directory, async () => undefined, options)
  try {
    return await use(database)
  } finally {
    await database.close()
  }
}

async function check(directory: string): Promise<void> {
  const { faults, orphans, sessions, waiting } = await withStore(
    directory,
    { create: false },
    examineStore,
  )
  for (const fault of faults) print(fault)
  print(
    `${sessions} sessions, ${waiting} messages waiting, ${orphans} orphans, ${faults.length} faults`,
  )
  if (faults.length > 0) process.exitCode = 1
}

async function stats(directory: string): Promise<void> {
  const { faults, ...figures } = await withStore(directory, { create: false }, examineStore)
  print(JSON.stringify({ ...figures, faults: faults.length }))
}

async function dump(directory: string): Promise<void> {
  await withStore(directory, { create: false }, (database) =>
    exportStore(database, (record) => print(JSON.stringify(record))),
  )
}

async function load(directory: string): Promise<void> {
  const count = await withStore(directory, { create: true }, async (database) => {
    const { sessions, retained } = await examineStore(database)
    if (sessions + retained > 0) {
      throw new Failure('WASMQTT_IMPORT', [
        `${directory} is not empty: import into a new directory`,
      ])
    }
    return importStore(database, createInterface({ input: process.stdin }))
  })
  process.stderr.write(`${count} records\n`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
