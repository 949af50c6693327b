// Rules of the configuration (and of tokens): in order, first match wins. A rule that allows a
// subscription must cover all of its filter; one that denies needs only a topic in common with it,
// so that `#` is no way around a denied branch.

import { Addresses } from '../config/addresses.ts'
import type { RuleConfig } from '../config/config.ts'
import { contains, fillIn, type Level, matches, overlaps, parseFilter } from './filters.ts'
import type { Judge, Opinion, Subject } from './judge.ts'

interface Rule {
  readonly effect: 'allow' | 'deny'
  readonly publishes: boolean
  readonly subscribes: boolean
  readonly filters: readonly (readonly Level[])[]
  readonly isAbout: (subject: Subject) => boolean
}

type Kind = 'publishes' | 'subscribes'
type Fits = (filter: readonly string[], effect: 'allow' | 'deny') => boolean

export class Rules implements Judge {
  private readonly rules: readonly Rule[]

  /** @throws RangeError when a rule cannot be one */
  constructor(rules: readonly RuleConfig[]) {
    this.rules = rules.map(compile)
  }

  publish(subject: Subject, topic: string): Opinion {
    const levels = topic.split('/')
    return this.decide(subject, 'publishes', (filter) => matches(filter, levels))
  }

  subscribe(subject: Subject, filter: string): Opinion {
    const levels = filter.split('/')
    return this.decide(subject, 'subscribes', (own, effect) =>
      effect === 'allow' ? contains(own, levels) : overlaps(own, levels),
    )
  }

  receive(subject: Subject, topic: string): Opinion {
    const levels = topic.split('/')
    return this.decide(subject, 'subscribes', (filter) => matches(filter, levels))
  }

  explain(subject: Subject, action: 'publish' | 'subscribe', topic: string): string | undefined {
    const levels = topic.split('/')
    const kind = action === 'publish' ? 'publishes' : 'subscribes'
    const rule = this.find(subject, kind, (own, effect) =>
      effect === 'allow' ? contains(own, levels) : overlaps(own, levels),
    )
    if (rule?.effect !== 'deny') return undefined
    return `rule ${this.rules.indexOf(rule) + 1}`
  }

  private decide(subject: Subject, action: Kind, fits: Fits): Opinion {
    return this.find(subject, action, fits)?.effect
  }

  private find(subject: Subject, action: Kind, fits: Fits): Rule | undefined {
    const value = (name: string): string | undefined => valueFor(subject, name)
    for (const rule of this.rules) {
      if (!rule[action] || !rule.isAbout(subject)) continue
      for (const levels of rule.filters) {
        const filter = fillIn(levels, value)
        if (filter !== undefined && fits(filter, rule.effect)) return rule
      }
    }
    return undefined
  }
}

/** What `${name}` stands for. */
export function valueFor(subject: Subject, name: string): string | undefined {
  if (name === 'username') return subject.username
  if (name === 'clientid') return subject.clientId
  if (name === 'commonname') return subject.origin.certificate?.commonName
  return subject.attributes[name]
}

function compile(rule: RuleConfig): Rule {
  const tests = [
    rule.username && glob(rule.username, (subject) => subject.username),
    rule.clientId && glob(rule.clientId, (subject) => subject.clientId),
    rule.commonName && glob(rule.commonName, (subject) => subject.origin.certificate?.commonName),
    rule.address && inRange(rule.address),
    rule.anonymous !== undefined && isAnonymous(rule.anonymous),
  ].filter((test) => typeof test === 'function')
  return {
    effect: rule.effect,
    publishes: rule.action !== 'subscribe',
    subscribes: rule.action !== 'publish',
    filters: rule.topics.map(parseFilter),
    isAbout: (subject) => tests.every((test) => test(subject)),
  }
}

type Test = (subject: Subject) => boolean

function isAnonymous(anonymous: boolean): Test {
  return (subject) => (subject.username === undefined) === anonymous
}

/** `*` stands for any characters. */
function glob(pattern: string, value: (subject: Subject) => string | undefined): Test {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  const expression = new RegExp(`^${parts.join('.*')}$`, 's')
  return (subject) => {
    const text = value(subject)
    return text !== undefined && expression.test(text)
  }
}

function inRange(text: string): Test {
  const addresses = new Addresses([text])
  return ({ origin }) => addresses.includes(origin.address)
}
