// Writes PROXY protocol headers of version 2 for the tests, by the specification and without
// looking at the parser.

export const SIGNATURE: Buffer = Buffer.from('0d0a0d0a000d0a515549540a', 'hex')

/** @param facts type-length-value each; `'checksum'` = a right one is put there */
export function proxyV2(
  command: number,
  family: number,
  addresses: Buffer,
  ...facts: (Buffer | 'checksum')[]
): Buffer {
  const values = facts.map((value) => (value === 'checksum' ? fact(0x03, '\0\0\0\0') : value))
  const body = Buffer.concat([addresses, ...values])
  const header = Buffer.concat([SIGNATURE, Buffer.from([command, family, 0, 0]), body])
  header.writeUInt16BE(body.length, 14)
  const index = facts.indexOf('checksum')
  if (index >= 0) {
    const before = Buffer.concat(values.slice(0, index)).length
    header.writeUInt32BE(crc32c(header), 16 + addresses.length + before + 3)
  }
  return header
}

export function fact(type: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string)
  const head = Buffer.from([type, 0, 0])
  head.writeUInt16BE(bytes.length, 1)
  return Buffer.concat([head, bytes])
}

/** @param client bits: 1 = TLS, 2 and 4 = a certificate was shown @param verify 0 = it is good */
export function tlsFact(client: number, verify: number, ...facts: Buffer[]): Buffer {
  const head = Buffer.from([client, 0, 0, 0, 0])
  head.writeUInt32BE(verify, 1)
  return fact(0x20, Buffer.concat([head, ...facts]))
}

/** Both addresses and ports, the broker's being 10.0.0.1:1883. */
export function tcp4(source: string, port: number): Buffer {
  const bytes = Buffer.from([...source.split('.').map(Number), 10, 0, 0, 1, 0, 0, 0x07, 0x5b])
  bytes.writeUInt16BE(port, 8)
  return bytes
}

/** @param source 32 hexadecimal digits */
export function tcp6(source: string, port: number): Buffer {
  const bytes = Buffer.concat([Buffer.from(source, 'hex'), Buffer.alloc(20)])
  bytes.writeUInt16BE(port, 32)
  return bytes
}

/** By table, the other way than the parser does it. */
export function crc32c(bytes: Buffer): number {
  const table = Array.from({ length: 256 }, (_, i) => {
    let value = i
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
    return value >>> 0
  })
  let crc = 0xffffffff
  for (const byte of bytes) crc = (table[(crc ^ byte) & 0xff] as number) ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}
