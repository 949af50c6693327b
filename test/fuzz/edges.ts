// Values at which decoders break: strings on both sides of every rule about text, topics and
// filters, integers on both sides of every limit. Plain data for mutate.ts.

import { BAD_STRINGS, u8 } from '../spec/bytes.ts'

const utf8 = (text: string): Buffer => Buffer.from(text)

const TOPICS: readonly string[] = [
  ...['', 'a', '/', '//', 'a/b', 'a/b/c', 'a/', '/a', 'a//b', ' ', '$SYS/a', '$SYS', '$a/b', '$'],
  ...['sensors/1', 'topic', 'will/topic', 'abcdefg', 'abcdefgh', 'abcdefghi', 'ä/ß/🚀', 'a/ä'],
]

const FILTERS: readonly string[] = [
  ...['#', '+', '+/+', '/#', 'a/#', '+/#', 'a/+', 'a/+/b', '+/a/#', '$SYS/#', '$SYS/+', '//#'],
  ...['a#', '#/', '#/a', 'a/#/b', '+a', 'a+', 'a/+b', 'a/b+/c', '##', '++', '+#', 'a/b#'],
  ...['$share/g/a', '$share/g/#', '$share/g/+/b', '$share/h/a/#', '$share/g/$share/g/a'],
  ...['$share', '$share/', '$share/g', '$share/g/', '$share//a', '$share/+/a', '$share/g#/a'],
  ...['$share/g+/a', '$share/g//', '$shared/g/a', '$SHARE/g/a', '$share/ä/a'],
]

const TEXTS: readonly Buffer[] = [
  ...['\ufeff', '\uffff', '\ufdd0', '\u0001', '\u007f', '\u0080', '\u07ff', '\u0800', '\ud7ff'],
  ...['\ue000', '\ufffd', '\u{10000}', '\u{10ffff}', 'aaaaaaa\u0080', 'aaaaaa\u0800', '1234567é8'],
].map(utf8)

/**
 * Ends inside a sequence, holds U+0000 or what no UTF-8 holds, at several distances from a word.
 */
const BROKEN: readonly Buffer[] = [
  ...BAD_STRINGS.map(([, bytes]) => Buffer.from(bytes)),
  ...[u8(0), utf8('a\0'), utf8('\0a'), utf8('1234567\0'), utf8('12345678\0'), u8(0xed, 0x9f)],
  ...[u8(0xee), u8(0xf0, 0x9f, 0x98), u8(0xf4, 0x8f, 0xbf), u8(0xf0, 0x8f, 0xbf, 0xbf)],
  ...[u8(0xc1, 0xbf), u8(0xe0, 0x9f, 0xbf), u8(0xf8, 0x88, 0x80, 0x80, 0x80), u8(0x80), u8(0xfe)],
  Buffer.concat([utf8('1234567'), u8(0xc3)]),
  Buffer.concat([utf8('123456'), u8(0xe2, 0x82)]),
]

/** Levels one below, at, and one above the limit of 200. */
const DEEP: readonly Buffer[] = [199, 200, 201].flatMap((levels) => [
  utf8('/'.repeat(levels - 1)),
  utf8(`${'a/'.repeat(levels - 1)}a`),
  utf8(`${'+/'.repeat(levels - 1)}+`),
])

const LONG: readonly Buffer[] = [
  ...[112, 113, 127, 128, 252, 253, 255, 256, 1024].map((length) => Buffer.alloc(length, 'a')),
  ...[300, 301, 302, 303].map((length) => Buffer.alloc(length, 'é')),
]

export const STRINGS: readonly Buffer[] = [
  ...TOPICS.map(utf8),
  ...FILTERS.map(utf8),
  ...TEXTS,
  ...BROKEN,
  ...DEEP,
  ...LONG,
]

/** Filters and topics that meet each other, for tries. */
export const MEETING: readonly Buffer[] = [...TOPICS, ...FILTERS].map(utf8)

export const HUGE: readonly Buffer[] = [
  Buffer.alloc(65535, 'a'),
  Buffer.alloc(65535, '/'),
  Buffer.alloc(65534, 'ä'),
  Buffer.alloc(65535),
  Buffer.alloc(65535, 0xff),
]

export const INTEGERS: readonly number[] = [
  ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 16, 17, 63, 64, 0x7f, 0x80, 0x81, 0x92, 0xa2, 0xa3, 0xff],
  ...[0x100, 0x3fff, 0x4000, 0x7fff, 0x8000, 0xfffe, 0xffff, 0x10000, 0x1fffff, 0x200000],
  ...[0xfffffff, 0x10000000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff],
]
