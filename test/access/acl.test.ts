// What may be published and received: acl_file case by case and against a naive model, rules of
// the configuration, and filters that contain or meet each other.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { AclFile, parseAcl } from '../../host/access/aclFile.ts'
import { contains, matches, overlaps } from '../../host/access/filters.ts'
import type { Subject } from '../../host/access/judge.ts'
import { Rules } from '../../host/access/rules.ts'
import type { RuleConfig } from '../../host/config/config.ts'
import { temporaryDirectory } from '../process.ts'
import { ACL_CASES, BAD_ACLS } from './acl.cases.ts'

const test = suite('ACL')
const file = join(temporaryDirectory(), 'acl')

function aclOf(text: string): AclFile {
  writeFileSync(file, text)
  return new AclFile(file)
}

function subjectOf(clientId: string, username?: string, more: Partial<Subject> = {}): Subject {
  const origin = { scheme: 'mqtt', address: '127.0.0.1', isSecure: false }
  return { clientId, username, origin, listener: 'l', attributes: {}, ...more }
}

let cases = 0
for (const { name, acl, lines } of ACL_CASES) {
  test(name, () => {
    const judge = aclOf(acl)
    for (const line of lines.trim().split('\n')) {
      const [user, client, action, topic, answer] = line.trim().split(' ') as string[]
      const subject = subjectOf(client as string, user === '-' ? undefined : user)
      const opinion =
        action === 'w'
          ? judge.publish(subject, topic as string)
          : judge.receive(subject, topic as string)
      assert.is(opinion === 'allow' ? 'yes' : 'no', answer, line)
      cases++
    }
  })
}

test('those were two hundred cases or more', () => {
  assert.ok(cases >= 200, `${cases} cases`)
})

test('a filter with spaces is one filter', () => {
  const judge = aclOf('user u\ntopic read a b/c d\n')
  assert.is(judge.receive(subjectOf('c', 'u'), 'a b/c d'), 'allow')
})

for (const { acl, error } of BAD_ACLS) {
  test(`refused: ${JSON.stringify(acl)}`, () => {
    assert.throws(
      () => parseAcl(acl, 'f'),
      (thrown: Error) => error.test(thrown.message),
    )
  })
}

test('a subscription is never refused by an ACL file', () => {
  assert.is(aclOf('').subscribe(), 'allow')
})

/** Mosquitto's words, spelt out with regular expressions and loops over the lines themselves. */
function naive(
  text: string,
  client: string,
  user: string | undefined,
  topic: string,
  write: boolean,
) {
  const rows: { owner: string | undefined; isPattern: boolean; access: string; filter: string }[] =
    []
  let owner: string | undefined
  for (const line of text.split('\n')) {
    const [keyword, second, third] = line.split(' ')
    if (keyword === 'user') owner = second as string
    else if (keyword === 'topic' || keyword === 'pattern') {
      const access = third === undefined ? 'readwrite' : (second as string)
      const filter = third ?? (second as string)
      rows.push({ owner, isPattern: keyword === 'pattern', access, filter })
    }
  }
  const isMatch = (filter: string): boolean => {
    if (/^[+#]/.test(filter) && topic.startsWith('$')) return false
    const source = filter.replace(/[$.*?()|^[\]{}\\%]/g, '\\$&').replace(/\+/g, '[^/]*')
    const whole = source === '#' ? '.*' : source.replace(/\/#$/, '(/.*)?')
    return new RegExp(`^${whole}$`).test(topic)
  }
  const wanted = write ? 'write' : 'read'
  const ask = (list: typeof rows): boolean | undefined => {
    if (list.some(({ access, filter }) => access === 'deny' && isMatch(filter))) return false
    const allows = ({ access, filter }: (typeof rows)[0]): boolean =>
      (access === 'readwrite' || access === wanted) && isMatch(filter)
    return list.some(allows) ? true : undefined
  }
  if (topic.startsWith('$share/') && write) return false
  if (/^\$SYS(\/|$)/.test(topic) && write) {
    if (!/^\$SYS\/broker\/connection\/[^/]*\/state$/.test(topic)) return false
  }
  const own = ask(rows.filter((row) => !row.isPattern && row.owner === user))
  if (own !== undefined) return own
  const patterns = rows.filter((row) => row.isPattern)
  if (patterns.length > 0 && /[+#]/.test(client + (user ?? ''))) return false
  const filled = patterns.flatMap((row) => {
    const levels = row.filter.split('/')
    const lacks = (sign: string, value: string | undefined): boolean =>
      levels.includes(sign) && (value === undefined || value === '' || value.includes('/'))
    if (lacks('%c', client) || lacks('%u', user)) return []
    const filter = levels
      .map((level) => (level === '%c' ? client : level === '%u' ? (user as string) : level))
      .join('/')
    return [{ ...row, filter }]
  })
  return ask(filled) ?? false
}

const level = fc.constantFrom('a', 'b', 'c', '', '$x', '$SYS', 'u')
const topics = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'))
const filterLevel = fc.constantFrom('a', 'b', 'c', '+', '$SYS', '%c', '%u', 'u')
const filters = fc
  .tuple(fc.array(filterLevel, { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, isOpen]) => [...levels, ...(isOpen ? ['#'] : [])].join('/'))
const accesses = fc.constantFrom('', 'read ', 'write ', 'readwrite ', 'deny ')
const lineOf = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(accesses, filters).map(([a, f]) => `topic ${a}${f}`) },
  { weight: 3, arbitrary: fc.tuple(accesses, filters).map(([a, f]) => `pattern ${a}${f}`) },
  { weight: 2, arbitrary: fc.constantFrom('user u', 'user v', '# c', '') },
)
const names = fc.constantFrom('u', 'v', 'a', 'a/b', '+', 'x#')

test('the reading of an acl_file agrees with a naive model', () => {
  fc.assert(
    fc.property(
      fc.array(lineOf, { maxLength: 12 }),
      names,
      fc.option(names, { nil: undefined }),
      fc.array(
        topics.filter((topic) => topic !== ''),
        { minLength: 1, maxLength: 6 },
      ),
      (lines, client, user, wanted) => {
        const text = lines.join('\n')
        const judge = aclOf(text)
        for (const topic of wanted) {
          const subject = subjectOf(client, user)
          const write = naive(text, client, user, topic, true)
          const read = naive(text, client, user, topic, false)
          assert.is(judge.publish(subject, topic) === 'allow', write, `write ${topic}`)
          assert.is(judge.receive(subject, topic) === 'allow', read, `read ${topic}`)
        }
      },
    ),
    { numRuns: 3000, seed: 7 },
  )
})

const plainFilters = fc
  .tuple(fc.array(fc.constantFrom('a', 'b', '+'), { minLength: 1, maxLength: 3 }), fc.boolean())
  .map(([levels, isOpen]) => [...levels, ...(isOpen ? ['#'] : [])])
const universe: string[][] = []
for (let length = 1; length <= 4; length++) {
  for (let n = 0; n < 3 ** length; n++) {
    universe.push([...n.toString(3).padStart(length, '0')].map((digit) => 'abz'[+digit] as string))
  }
}

test('containing and meeting are what they are over all topics', () => {
  fc.assert(
    fc.property(plainFilters, plainFilters, (one, other) => {
      const of = (filter: string[]): string[][] =>
        universe.filter((topic) => matches(filter, topic))
      const inner = of(other)
      const isInside = inner.every((topic) => matches(one, topic))
      // A topic longer than the universe's shows what # adds.
      assert.is(contains(one, other), isInside && (one.at(-1) === '#' || other.at(-1) !== '#'))
      assert.is(
        overlaps(one, other),
        inner.some((topic) => matches(one, topic)),
      )
    }),
    { numRuns: 3000, seed: 11 },
  )
})

/** Opinions of rules: publish, subscribe, receive. */
function opinions(rules: RuleConfig[], subject: Subject, topic: string): (string | undefined)[] {
  const judge = new Rules(rules)
  return [
    judge.publish(subject, topic),
    judge.subscribe(subject, topic),
    judge.receive(subject, topic),
  ]
}

test('rules: first match wins, each action for itself', () => {
  const rules: RuleConfig[] = [
    { effect: 'deny', action: 'publish', topics: ['a/x'] },
    { effect: 'allow', action: 'both', topics: ['a/+'] },
    { effect: 'deny', action: 'both', topics: ['#'] },
  ]
  const subject = subjectOf('c', 'u')
  assert.equal(opinions(rules, subject, 'a/x'), ['deny', 'allow', 'allow'])
  assert.equal(opinions(rules, subject, 'a/y'), ['allow', 'allow', 'allow'])
  assert.equal(opinions(rules, subject, 'b'), ['deny', 'deny', 'deny'])
  assert.equal(opinions([], subject, 'b'), [undefined, undefined, undefined])
})

test('rules: a wildcard subscription is no way around a denial, nor beyond what is allowed', () => {
  const rules: RuleConfig[] = [
    { effect: 'deny', action: 'both', topics: ['a/secret/#'] },
    { effect: 'allow', action: 'subscribe', topics: ['a/#'] },
  ]
  const judge = new Rules(rules)
  const ask = (filter: string) => judge.subscribe(subjectOf('c'), filter)
  assert.is(ask('a/b'), 'allow')
  assert.is(ask('a/b/#'), 'allow')
  for (const filter of ['a/#', '#', 'a/+', '+/secret', 'a/secret', 'a/secret/x', 'a/+/x']) {
    assert.is(ask(filter), 'deny', filter)
  }
  for (const filter of ['b', 'b/#', '+/b']) assert.is(ask(filter), undefined, filter)
})

test('rules: placeholders are whole levels and nothing but one level', () => {
  const topic = (name: string) => `d/\${${name}}/#`
  const rules: RuleConfig[] = ['username', 'clientid', 'devicename', 'commonname'].map((name) => ({
    effect: 'allow',
    action: 'both',
    topics: [`${name}/${topic(name)}`],
  }))
  const certificate = { commonName: 'cn', subject: '', alternativeNames: [], fingerprint: '' }
  const subject = subjectOf('cid', 'un', { attributes: { devicename: 'dn' } })
  const withCertificate = { ...subject, origin: { ...subject.origin, certificate } }
  const judge = new Rules(rules)
  const ask = (topic: string) => judge.publish(withCertificate, topic)
  for (const [name, value] of [
    ['username', 'un'],
    ['clientid', 'cid'],
    ['devicename', 'dn'],
    ['commonname', 'cn'],
  ]) {
    assert.is(ask(`${name}/d/${value}/x`), 'allow')
    assert.is(ask(`${name}/d/other/x`), undefined)
  }
  assert.is(judge.publish(subject, 'commonname/d/cn/x'), undefined, 'no certificate')
  for (const name of ['+', '#', 'a/b', '']) {
    assert.is(judge.publish(subjectOf(name, name), `clientid/d/${name}/x`), undefined, name)
    assert.is(judge.subscribe(subjectOf(name, name), 'clientid/d/#'), undefined)
  }
  const letters = new Rules([{ effect: 'allow', action: 'both', topics: ['a/x$' + '{clientid}'] }])
  assert.is(letters.publish(subjectOf('c'), 'a/xc'), undefined)
})

test('rules: who they are about', () => {
  const about = (more: Partial<RuleConfig>): Rules =>
    new Rules([{ effect: 'allow', action: 'both', topics: ['#'], ...more }])
  const subject = subjectOf('device-7', 'anna', {
    origin: { scheme: 'mqtt', address: '10.1.2.3', isSecure: false },
  })
  const yes: Partial<RuleConfig>[] = [
    ...[{ username: 'anna' }, { username: 'a*' }, { clientId: 'device-*' }, { clientId: '*' }],
    ...[{ address: '10.0.0.0/8' }, { address: '10.1.2.3' }, { anonymous: false }],
  ]
  const no: Partial<RuleConfig>[] = [
    ...[{ username: 'ann' }, { username: 'Anna' }, { clientId: 'device-' }, { clientId: 'x*' }],
    ...[{ address: '10.0.0.0/16' }, { address: '::1' }, { anonymous: true }, { commonName: '*' }],
    { username: 'anna', clientId: 'other' },
  ]
  for (const more of yes)
    assert.is(about(more).publish(subject, 'a'), 'allow', JSON.stringify(more))
  for (const more of no)
    assert.is(about(more).publish(subject, 'a'), undefined, JSON.stringify(more))
  assert.is(about({ username: 'a.*' }).publish(subject, 'a'), undefined, 'no regular expression')
  assert.is(about({ anonymous: true }).publish(subjectOf('c'), 'a'), 'allow')
  assert.throws(() => about({ address: '10.0.0.0/40' }), /10\.0\.0\.0\/40/)
})

test.run()
