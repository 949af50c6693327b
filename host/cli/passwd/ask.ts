// Asks for a new password: twice and unseen on a terminal, else the first line of standard input.
// Used by `wasmqtt passwd`.

import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { Failure } from '../failure.ts'

export async function askNewPassword(): Promise<Buffer> {
  const lines = process.stdin.isTTY ? await askTwice() : await readLines()
  const [password = '', again] = lines
  if (password === '') fail('the password is empty')
  if (again !== undefined && again !== password) fail('the passwords do not match')
  return Buffer.from(password)
}

/** A script may give the password twice, as a person would. */
async function readLines(): Promise<string[]> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  const lines = Buffer.concat(chunks).toString().split(/\r?\n/)
  return lines.filter((line, i) => i < 2 && (i === 0 || line !== ''))
}

/** readline edits the line, and what it echoes goes nowhere. */
async function askTwice(): Promise<string[]> {
  const output = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 })
  const ask = (prompt: string): Promise<string> =>
    new Promise((resolve) => {
      process.stderr.write(prompt)
      terminal.once('SIGINT', () => process.exit(1))
      terminal.once('close', () => resolve(''))
      terminal.question('', (line) => {
        process.stderr.write('\n')
        resolve(line)
      })
    })
  const lines = [await ask('Password: '), await ask('Reenter password: ')]
  terminal.close()
  return lines
}

function fail(text: string): never {
  throw new Failure('WASMQTT_PASSWD', [`passwd: ${text}`])
}
