// The password file of Mosquitto: which lines count as users, and that every mistake is told with
// its file and line.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  PasswordFileError,
  parsePasswordFile,
  readPasswordFile,
  splitPasswordFile,
} from '../../host/access/passwordFile.ts'
import { temporaryDirectory } from '../process.ts'

const HASH =
  '$6$clQ4Ocu312S0qWgl$Cv2wUxgEN73c6C6jlBkswqR4AkHsvDLWvtEXZZ8NpsBLgP1WAo/qA+WXcmEN/mjDNgdUwcxRAveqNMs2xUVQYA=='

/** Rows as the map has them. */
function usersOf(text: string): [string, string][] {
  return [...parsePasswordFile(text, 'p')]
}

function mistakesOf(text: string): readonly string[] {
  try {
    parsePasswordFile(text, 'p')
    return []
  } catch (error) {
    assert.instance(error, PasswordFileError)
    return (error as PasswordFileError).lines
  }
}

const tests = suite('password file')

tests('comments and lines without a colon are no users', () => {
  assert.equal(usersOf(`# a:b\n\nno colon\n#:\na:${HASH}\n`), [['a', HASH]])
  assert.equal(usersOf(''), [])
})

tests('only a # in the first column is a comment', () => {
  assert.equal(usersOf(` #a:${HASH}`), [['#a', HASH]])
})

tests('name and hash are trimmed, carriage returns with them', () => {
  assert.equal(usersOf(`  a b \t: ${HASH} \r\nc:${HASH}\r\n`), [
    ['a b', HASH],
    ['c', HASH],
  ])
})

tests('what follows a second colon is no part of the hash', () => {
  assert.equal(usersOf(`a:${HASH}:rest:${HASH}`), [['a', HASH]])
})

tests('every mistake is told with file and line', () => {
  const text = [`a:${HASH}`, `:${HASH}`, '# b', `  : ${HASH}`, `a:${HASH}`, 'c:', 'd:plain'].join(
    '\n',
  )
  assert.equal(mistakesOf(text), [
    'p:2: the username is empty',
    'p:4: the username is empty',
    'p:5: user "a" is already on line 1',
    'p:6: user "c": the hash is missing',
    'p:7: user "d": not a hash: expected one that begins with $6$, $7$, $argon2id$ or $scrypt$',
  ])
})

tests('a file is read from disk; one that cannot be is an error with its name', () => {
  const file = join(temporaryDirectory(), 'passwords')
  assert.throws(
    () => readPasswordFile(file),
    (error: PasswordFileError) =>
      error.lines.length === 1 && `${error.lines[0]}`.startsWith(`${file}: cannot be read: ENOENT`),
  )
  writeFileSync(file, `a:${HASH}\n`)
  assert.equal([...readPasswordFile(file)], [['a', HASH]])
})

tests('the lines give the file back', () => {
  const text = `# b\r\n a : ${HASH}\n\nno colon`
  assert.is(
    splitPasswordFile(text)
      .map((line) => line.text)
      .join('\n'),
    text,
  )
})

tests.run()
