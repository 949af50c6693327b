// What a device may publish and subscribe to: the platform's topics with its own product key and
// name in them, and the custom topics of its product. Of topics that are not the platform's it has
// no opinion: rules may say more, with ${productkey} and ${devicename}.

import { contains, fillIn, type Level, matches, parseFilter } from '../filters.ts'
import type { Judge, Opinion, Subject } from '../judge.ts'
import type { DeviceName, Permission, Product, ProductTopic } from './model.ts'

// biome-ignore lint/suspicious/noTemplateCurlyInString: placeholders of a filter
const OWN = '${productkey}/${devicename}'

/** What every device has. */
const SYSTEM_TOPICS: readonly ProductTopic[] = [
  ...both(`/sys/${OWN}/#`),
  ...both(`/ext/session/${OWN}/#`),
  ...both(`/ext/ntp/${OWN}/#`),
  ...both(`/ext/error/${OWN}`),
  ...both(`/ext/rrpc/+/${OWN}/#`),
  ...both(`/ext/rrpc/+/sys/${OWN}/#`),
  ...both(`/shadow/update/${OWN}`),
  ...both(`/shadow/get/${OWN}`),
  ...both(`/ota/device/+/${OWN}`),
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of a filter
  { filter: '/broadcast/${productkey}/#', permission: 'subscribe' },
]

/** Begin the topics that are the platform's: no rule gives a device another's. */
const PLATFORM: ReadonlySet<string | undefined> = new Set(['', '+', '#', '$events'])

interface Own {
  readonly levels: readonly string[]
  readonly permission: Permission
}

export class DeviceJudge implements Judge {
  private readonly name: DeviceName
  private readonly find: (productKey: string) => Product | undefined
  private product: Product | undefined = undefined
  private own: readonly Own[] = []

  /** @param find the product as it is now */
  constructor(name: DeviceName, find: (productKey: string) => Product | undefined) {
    this.name = name
    this.find = find
  }

  publish(_: Subject, topic: string): Opinion {
    return this.judge(topic, 'publish', matches)
  }

  subscribe(_: Subject, filter: string): Opinion {
    return this.judge(filter, 'subscribe', contains)
  }

  receive(_: Subject, topic: string): Opinion {
    return this.judge(topic, 'subscribe', matches)
  }

  explain(_: Subject, action: 'publish' | 'subscribe', topic: string): string | undefined {
    const isNo = this.judge(topic, action, contains) === 'deny'
    return isNo ? 'not a topic of this device' : undefined
  }

  private judge(
    topic: string,
    action: 'publish' | 'subscribe',
    fits: (own: readonly string[], topic: readonly string[]) => boolean,
  ): Opinion {
    const levels = topic.split('/')
    for (const own of this.topics()) {
      const isMeant = own.permission === 'both' || own.permission === action
      if (isMeant && fits(own.levels, levels)) return 'allow'
    }
    return PLATFORM.has(levels[0]) ? 'deny' : undefined
  }

  private topics(): readonly Own[] {
    const product = this.find(this.name.productKey)
    if (product !== this.product) {
      this.product = product
      this.own = product === undefined ? [] : ownTopics(product.topics, this.name)
    }
    return this.own
  }
}

/** Of somebody who is only here to be registered: told one thing, may do nothing. */
export const REGISTERING: Judge = {
  publish: () => 'deny',
  subscribe: () => 'deny',
  receive: (_, topic) => (topic.startsWith('/ext/reg') ? 'allow' : 'deny'),
  explain: () => 'only registers',
}

/** @throws RangeError when a filter would reach beyond its device */
export function checkTopics(topics: readonly ProductTopic[]): void {
  for (const { filter, permission } of topics) {
    const levels = parseFilter(filter)
    const names = levels.map((level) => (typeof level === 'string' ? undefined : level.name))
    const at = names.indexOf('productkey')
    const isOwn = at >= 0 && names[at + 1] === 'devicename'
    const isFilter = levels.every((level, i) => isLevel(level, i === levels.length - 1))
    if (!isOwn || !isFilter) {
      throw new RangeError(`expected a filter with the levels ${OWN} in it, got '${filter}'`)
    }
    if (!['publish', 'subscribe', 'both'].includes(permission)) {
      throw new RangeError(`expected publish, subscribe or both, got '${permission}'`)
    }
  }
}

function isLevel(level: Level, isLast: boolean): boolean {
  if (typeof level !== 'string') return true
  return level === '+' || (level === '#' && isLast) || !/[+#$\0]/.test(level)
}

function ownTopics(custom: readonly ProductTopic[], name: DeviceName): Own[] {
  const values: Readonly<Record<string, string>> = attributesOf(name)
  return [...SYSTEM_TOPICS, ...custom].flatMap(({ filter, permission }) => {
    const levels = fillIn(parseFilter(filter), (key) => values[key])
    return levels === undefined ? [] : [{ levels, permission }]
  })
}

/** What rules may speak of. */
export function attributesOf({ deviceName, productKey }: DeviceName): Record<string, string> {
  return { productkey: productKey, devicename: deviceName }
}

function both(filter: string): ProductTopic[] {
  return [{ filter, permission: 'both' }]
}
