// Certificates for the tests of TLS: an authority in a directory of its own, and what it issues.
// Made with openssl, which the tests need anyway for lists of revoked certificates.

import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from '../process.ts'

/** Files of a certificate and its key. */
export interface Pair {
  certificate: string
  key: string
}

const SERVER_NAME = 'subjectAltName=IP:127.0.0.1,DNS:localhost'

const CONFIG = `
[ca]
default_ca = this
[this]
dir = .
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = 30
[req]
distinguished_name = name
[name]
`

export class Authority {
  readonly directory: string
  readonly file: string

  constructor(name = 'Test authority') {
    this.directory = temporaryDirectory()
    this.file = join(this.directory, 'ca.pem')
    writeFileSync(join(this.directory, 'openssl.cnf'), CONFIG)
    writeFileSync(join(this.directory, 'index.txt'), '')
    writeFileSync(join(this.directory, 'crlnumber'), '01\n')
    openssl(this.directory, [
      ...['req', '-x509', '-config', 'openssl.cnf', ...NEW_KEY, '-keyout', 'ca.key'],
      ...['-out', 'ca.pem', '-days', '30', '-subj', `/CN=${name}`],
      ...['-addext', 'basicConstraints=critical,CA:true'],
      ...['-addext', 'keyUsage=critical,keyCertSign,cRLSign'],
    ])
  }

  /** @param extension of OpenSSL's kind, `subjectAltName=DNS:a` @param days negative = expired */
  issue(name: string, options: { subject?: string; extension?: string; days?: number } = {}): Pair {
    const { subject = `/CN=${name}`, extension = SERVER_NAME, days = 30 } = options
    const file = (end: string): string => join(this.directory, `${name}.${end}`)
    writeFileSync(file('ext'), extension)
    openssl(this.directory, [
      ...['req', '-new', '-config', 'openssl.cnf', '-utf8', ...NEW_KEY],
      ...['-keyout', file('key'), '-out', file('csr'), '-subj', subject],
    ])
    openssl(this.directory, [
      ...['x509', '-req', '-in', file('csr'), '-CA', 'ca.pem', '-CAkey', 'ca.key'],
      ...['-CAcreateserial', '-out', file('pem'), '-days', String(days)],
      ...['-extfile', file('ext')],
    ])
    return { certificate: file('pem'), key: file('key') }
  }

  /** Writes the list of all certificates revoked so far. @returns its file */
  revoke(...pairs: Pair[]): string {
    const crl = join(this.directory, 'crl.pem')
    const sign = ['ca', '-config', 'openssl.cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key']
    for (const { certificate } of pairs) openssl(this.directory, [...sign, '-revoke', certificate])
    openssl(this.directory, [...sign, '-gencrl', '-out', crl])
    return crl
  }

  pem(): string {
    return readFileSync(this.file, 'utf8')
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

export function openssl(directory: string, words: string[]): void {
  const { status, stderr } = spawnSync('openssl', words, { cwd: directory, encoding: 'utf8' })
  if (status !== 0) throw new Error(`openssl ${words.join(' ')}:\n${stderr}`)
}
