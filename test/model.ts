// The naive twin of the subscription tries: readable, slow and right by being short.
// The trie tests run every operation on both and compare exact sets; nothing else uses it.

/** Whether a filter matches a topic: section 4.7 of the specification, word by word. */
export function matches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false // [MQTT-4.7.2-1]
  const levels = topic.split('/')
  const parts = filter.split('/')
  for (const [i, part] of parts.entries()) {
    if (part === '#') return true // the parent itself is included
    if (i >= levels.length) return false
    if (part !== '+' && part !== levels[i]) return false
  }
  return parts.length === levels.length
}

export interface Subscription {
  filter: string
  group: string | undefined
  subscriber: number
  options: number
  identifier: number
}

/** One delivery: what a subscriber gets for one message, however many of its filters matched. */
export interface Delivery {
  subscriber: number
  qos: number
  retainAsPublished: boolean
  identifiers: number[]
}

export interface Matched {
  plain: Delivery[]
  /** For each shared group, the members of whom exactly one must be picked. */
  shared: Subscription[][]
}

const NO_LOCAL = 0x04
const RETAIN_AS_PUBLISHED = 0x08

function parse(filter: string): { group: string | undefined; inner: string } {
  const parts = /^\$share\/([^/]*)\/(.*)$/su.exec(filter)
  if (parts === null) return { group: undefined, inner: filter }
  return { group: parts[1], inner: parts[2] as string }
}

export class Model {
  readonly online: Set<number> = new Set()
  private readonly subscriptions = new Map<string, Subscription>()

  get count(): number {
    return this.subscriptions.size
  }

  all(): { filter: string; subscriber: number }[] {
    return [...this.subscriptions].map(([key, { subscriber }]) => ({
      filter: key.slice(key.indexOf(' ') + 1),
      subscriber,
    }))
  }

  /** The identifier that was there before, if any. */
  insert(
    filter: string,
    subscriber: number,
    options: number,
    identifier: number,
  ): number | undefined {
    const key = `${subscriber} ${filter}`
    const previous = this.subscriptions.get(key)?.identifier
    const { group, inner } = parse(filter)
    this.subscriptions.set(key, { filter: inner, group, subscriber, options, identifier })
    return previous
  }

  /** The identifier that was removed, if any. */
  remove(filter: string, subscriber: number): number | undefined {
    const key = `${subscriber} ${filter}`
    const previous = this.subscriptions.get(key)?.identifier
    this.subscriptions.delete(key)
    return previous
  }

  match(topic: string, publisher: number): Matched {
    const plain = new Map<number, Delivery>()
    const groups = new Map<string, Subscription[]>()
    for (const subscription of this.subscriptions.values()) {
      if (!matches(subscription.filter, topic)) continue
      if (subscription.group !== undefined) {
        const key = `${subscription.group}/${subscription.filter}`
        groups.set(key, [...(groups.get(key) ?? []), subscription])
        continue
      }
      if (subscription.subscriber === publisher && subscription.options & NO_LOCAL) continue
      this.deliver(plain, subscription)
    }
    const shared = [...groups.values()].map((members) => this.preferred(members))
    return { plain: [...plain.values()], shared }
  }

  /** Identifiers of the stored topics that a filter matches. */
  search(filter: string): number[] {
    const stored = [...this.subscriptions.values()]
    return stored
      .filter((one) => one.group === undefined && !/[+#]/.test(one.filter))
      .filter((one) => matches(filter, one.filter))
      .map((one) => one.identifier)
  }

  private deliver(plain: Map<number, Delivery>, subscription: Subscription): void {
    const { subscriber, options, identifier } = subscription
    const delivery = plain.get(subscriber) ?? {
      subscriber,
      qos: 0,
      retainAsPublished: false,
      identifiers: [],
    }
    delivery.qos = Math.max(delivery.qos, options & 3)
    delivery.retainAsPublished ||= (options & RETAIN_AS_PUBLISHED) !== 0
    if (identifier !== 0) delivery.identifiers.push(identifier)
    plain.set(subscriber, delivery)
  }

  private preferred(members: Subscription[]): Subscription[] {
    const online = members.filter((member) => this.online.has(member.subscriber))
    return online.length > 0 ? online : members
  }
}
