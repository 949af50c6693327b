// The parser of PROXY protocol headers: whole headers, headers cut at every byte, everything that
// is none, and random bytes.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Claims } from '../../host/net/origin.ts'
import { ProxyError, parseHeader } from '../../host/net/proxyProtocol.ts'
import { fact, proxyV2, SIGNATURE, tcp4, tcp6, tlsFact } from './proxyHeaders.ts'

const test = suite('proxy protocol')

const NOTHING: Claims = { remoteAddress: undefined, isSecure: false, certificate: undefined }
const FROM_4: Claims = { ...NOTHING, remoteAddress: '203.0.113.7:56324' }
const FROM_6: Claims = { ...NOTHING, remoteAddress: '[2001:db8::7]:443' }
const CLIENT = tcp4('203.0.113.7', 56324)

/** Claims of whole headers; each is followed by bytes of the client. */
const GOOD: Record<string, [Buffer, Claims]> = {
  'v1 TCP4': [Buffer.from('PROXY TCP4 203.0.113.7 10.0.0.1 56324 1883\r\n'), FROM_4],
  'v1 TCP6': [Buffer.from('PROXY TCP6 2001:DB8:0:0:0:0:0:7 ::1 443 1883\r\n'), FROM_6],
  'v1 UNKNOWN': [Buffer.from('PROXY UNKNOWN\r\n'), NOTHING],
  'v1 UNKNOWN with addresses': [
    Buffer.from(`PROXY UNKNOWN ${'f:'.repeat(35)} 65535 65535\r\n`),
    NOTHING,
  ],
  'v2 TCP4': [proxyV2(0x21, 0x11, CLIENT), FROM_4],
  'v2 TCP6': [proxyV2(0x21, 0x21, tcp6('20010db8000000000000000000000007', 443)), FROM_6],
  'v2 IPv4 in IPv6': [proxyV2(0x21, 0x21, tcp6('00000000000000000000ffffcb007107', 56324)), FROM_4],
  'v2 unix socket': [
    proxyV2(0x21, 0x31, Buffer.alloc(216)),
    { ...NOTHING, remoteAddress: 'unix:' },
  ],
  'v2 unspecified': [proxyV2(0x21, 0x00, Buffer.alloc(0)), NOTHING],
  'v2 LOCAL': [proxyV2(0x20, 0x00, Buffer.alloc(0)), NOTHING],
  'v2 LOCAL with an address': [proxyV2(0x20, 0x11, CLIENT), NOTHING],
  'v2 over TLS': [proxyV2(0x21, 0x11, CLIENT, tlsFact(1, 0)), { ...FROM_4, isSecure: true }],
  'v2 with facts that mean nothing here': [
    proxyV2(0x21, 0x11, CLIENT, fact(0x01, 'mqtt'), fact(0x04, ''), fact(0xea, 'vpce-1')),
    FROM_4,
  ],
  'v2 with a verified certificate': [
    proxyV2(0x21, 0x11, CLIENT, tlsFact(7, 0, fact(0x21, 'TLSv1.3'), fact(0x22, 'Jü,7'))),
    {
      ...FROM_4,
      isSecure: true,
      certificate: {
        commonName: 'Jü,7',
        subject: 'CN=J\\C3\\BC\\,7',
        alternativeNames: [],
        fingerprint: '',
      },
    },
  ],
  'v2 with a certificate that was not verified': [
    proxyV2(0x21, 0x11, CLIENT, tlsFact(7, 1, fact(0x22, 'liar'))),
    { ...FROM_4, isSecure: true },
  ],
  'v2 with a common name but no certificate': [
    proxyV2(0x21, 0x11, CLIENT, tlsFact(1, 0, fact(0x22, 'liar'))),
    { ...FROM_4, isSecure: true },
  ],
  'v2 with its checksum': [proxyV2(0x21, 0x11, CLIENT, 'checksum'), FROM_4],
}

for (const [name, [header, claims]] of Object.entries(GOOD)) {
  test(`${name}, whole and cut at every byte`, () => {
    const bytes = Buffer.concat([header, Buffer.from('\x10\x0c')])
    assert.equal(parseHeader(bytes, 'any'), { length: header.length, claims })
    for (let length = 0; length < header.length; length++) {
      assert.is(parseHeader(header.subarray(0, length), 'any'), undefined)
    }
    assert.equal(parseHeader(header, 'any'), { length: header.length, claims })
  })
}

const damaged = proxyV2(0x21, 0x11, CLIENT, 'checksum')
damaged[17] = 9

const ADDRESSES = 'PROXY v1: expected TCP4, TCP6 or UNKNOWN and two addresses'
const PORTS = 'PROXY v1: expected two ports behind the addresses'

const BAD: Record<string, [Buffer | string, string]> = {
  'an MQTT CONNECT': ['\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0', 'no PROXY protocol header'],
  'a ClientHello': ['\x16\x03\x01\x02\0\x01', 'no PROXY protocol header'],
  'an HTTP request': ['GET /mqtt HTTP/1.1\r\n', 'no PROXY protocol header'],
  'a beginning that turns': ['PROXX', 'no PROXY protocol header'],
  'lower case': ['proxy TCP4', 'no PROXY protocol header'],
  'v1: a line without end': ['PROXY UNKNOWN'.padEnd(107, 'x'), 'PROXY v1: the line is too long'],
  'v1: an end after 107 bytes': [
    `${'PROXY UNKNOWN'.padEnd(106, 'x')}\r\n`,
    'PROXY v1: the line is too long',
  ],
  'v1: another protocol': ['PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n', ADDRESSES],
  'v1: no addresses': ['PROXY TCP4\r\n', ADDRESSES],
  'v1: IPv6 as IPv4': ['PROXY TCP4 ::1 ::1 1 2\r\n', ADDRESSES],
  'v1: a zone': ['PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n', ADDRESSES],
  'v1: a name': ['PROXY TCP4 localhost 1.2.3.4 1 2\r\n', ADDRESSES],
  'v1: two blanks': ['PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n', ADDRESSES],
  'v1: a port too high': ['PROXY TCP4 1.2.3.4 1.2.3.4 65536 2\r\n', PORTS],
  'v1: a port with a zero before': ['PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n', PORTS],
  'v1: one port': ['PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n', PORTS],
  'v1: something behind the ports': ['PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n', PORTS],
  'v2: version 1': [proxyV2(0x11, 0x11, CLIENT), 'PROXY v2: unknown version or command'],
  'v2: command 2': [proxyV2(0x22, 0x11, CLIENT), 'PROXY v2: unknown version or command'],
  'v2: UDP': [proxyV2(0x21, 0x12, CLIENT), 'PROXY v2: unknown family of addresses'],
  'v2: a family of its own': [proxyV2(0x21, 0x41, CLIENT), 'PROXY v2: unknown family of addresses'],
  'v2: half an address': [
    proxyV2(0x21, 0x11, CLIENT.subarray(1)),
    'PROXY v2: too short for its addresses',
  ],
  'v2: a length that is announced only': [
    Buffer.concat([SIGNATURE, Buffer.from([0x21, 0x11, 0xff, 0xff])]),
    'PROXY v2: the header is too long',
  ],
  'v2: a fact beyond the end': [
    proxyV2(0x21, 0x11, CLIENT, Buffer.from([0x01, 0, 5, 1])),
    'PROXY v2: a fact is longer than the header',
  ],
  'v2: half a fact': [
    proxyV2(0x21, 0x11, CLIENT, Buffer.from([0x01])),
    'PROXY v2: a fact is longer than the header',
  ],
  'v2: TLS without its head': [
    proxyV2(0x21, 0x11, CLIENT, fact(0x20, '\x01')),
    'PROXY v2: too short for its facts of TLS',
  ],
  'v2: a certificate that is none': [
    proxyV2(0x21, 0x11, CLIENT, tlsFact(3, 0, fact(0x28, 'x'))),
    'PROXY v2: its client certificate is none',
  ],
  'v2: a wrong checksum': [damaged, 'PROXY v2: the checksum is wrong'],
  'v2: a checksum of two bytes': [
    proxyV2(0x21, 0x11, CLIENT, fact(0x03, 'xx')),
    'PROXY v2: a checksum has four bytes',
  ],
}

for (const [name, [bytes, message]] of Object.entries(BAD)) {
  test(`refused: ${name}`, () => {
    assert.is(mistake(Buffer.from(bytes as string, 'latin1'), 'any'), message)
  })
}

test('a listener for one version refuses the other at its first bytes', () => {
  assert.is(mistake(Buffer.from('PR'), 'v2'), 'no PROXY protocol header')
  assert.is(mistake(SIGNATURE.subarray(0, 1), 'v1'), 'no PROXY protocol header')
  assert.is(parseHeader(Buffer.from('PR'), 'v1'), undefined)
  assert.is(parseHeader(SIGNATURE, 'v2'), undefined)
})

test('any bytes are a header, too few, or an error of their own kind', () => {
  let seed = 7
  const next = (): number => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return seed >>> 8
  }
  const headers = Object.values(GOOD).map(([header]) => header)
  for (let round = 0; round < 5000; round++) {
    const bytes = Buffer.from(headers[next() % headers.length] as Buffer)
    for (let i = 0; i < 1 + (next() % 3); i++) bytes[next() % bytes.length] = next() & 0xff
    mistake(bytes, 'any')
  }
})

/** The message of the ProxyError; anything else that is thrown fails the test. */
function mistake(bytes: Buffer, version: 'v1' | 'v2' | 'any'): string | undefined {
  try {
    const header = parseHeader(bytes, version)
    if (header !== undefined) assert.ok(header.length <= bytes.length)
    return undefined
  } catch (error) {
    assert.instance(error, ProxyError)
    return (error as Error).message
  }
}

test.run()
