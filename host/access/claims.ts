// Rules that come with an identity, in a token or in an answer of the HTTP hook, made into a judge:
// they are all there is for its client.

import type { RuleConfig } from '../config/config.ts'
import type { Judge } from './judge.ts'
import { Rules } from './rules.ts'

/**
 * Rules of a token: a list of rules as in the configuration, or `{ pub, sub, all }` with lists of
 * filters. No claim, no opinion. @throws Error when the claim is neither
 */
export function judgesOf(claim: unknown): readonly Judge[] {
  if (claim === undefined) return []
  if (Array.isArray(claim)) return [new Complete(new Rules(claim.map(ruleOf)))]
  if (typeof claim !== 'object') throw new TypeError('the rules of a token are not rules')
  const { all = [], pub = [], sub = [] } = claim as Record<string, unknown>
  const rule = (action: RuleConfig['action'], topics: unknown): RuleConfig =>
    ruleOf({ effect: 'allow', action, topics })
  return [
    new Complete(new Rules([rule('both', all), rule('publish', pub), rule('subscribe', sub)])),
  ]
}

function ruleOf(value: unknown): RuleConfig {
  const { effect, action, topics } = value as RuleConfig
  const isRule =
    (effect === 'allow' || effect === 'deny') &&
    ['publish', 'subscribe', 'both'].includes(action) &&
    Array.isArray(topics) &&
    topics.every((topic) => typeof topic === 'string')
  if (!isRule) throw new TypeError('the rules of a token are not rules')
  return { effect, action, topics }
}

/** Rules that are all there is: what they do not allow is denied. */
class Complete implements Judge {
  private readonly rules: Rules

  constructor(rules: Rules) {
    this.rules = rules
  }

  publish(...question: Parameters<Rules['publish']>): 'allow' | 'deny' {
    return this.rules.publish(...question) ?? 'deny'
  }

  subscribe(...question: Parameters<Rules['subscribe']>): 'allow' | 'deny' {
    return this.rules.subscribe(...question) ?? 'deny'
  }

  receive(...question: Parameters<Rules['receive']>): 'allow' | 'deny' {
    return this.rules.receive(...question) ?? 'deny'
  }
}
