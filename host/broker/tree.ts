// The subscriptions of all sessions as a tree in text, for an operator who asks for it. Walks every
// session: not for the hot path.

import { OPTION_QOS_MASK } from '../../assembly/codes.ts'
import type { Session } from './session.ts'

interface Node {
  below: Map<string, Node>
  /** `(client, qos)`, in the order of the sessions. */
  subscribers: string[]
}

/** A level a line, two spaces deeper than the one above it: `  b (client, 1) (other, 0)`. */
export function* subscriptionTree(sessions: Iterable<Session>): Generator<string> {
  const root = newNode()
  for (const { id, subscriptions } of sessions) {
    for (const [filter, { options }] of subscriptions) {
      let node = root
      for (const level of filter.split('/')) node = descend(node, level)
      node.subscribers.push(` (${id}, ${options & OPTION_QOS_MASK})`)
    }
  }
  yield* linesOf(root, '')
}

function* linesOf({ below }: Node, indent: string): Generator<string> {
  for (const name of [...below.keys()].sort()) {
    const node = below.get(name) as Node
    yield `${indent}${name}${node.subscribers.join('')}`
    yield* linesOf(node, `${indent}  `)
  }
}

function descend({ below }: Node, level: string): Node {
  const known = below.get(level)
  if (known !== undefined) return known
  const node = newNode()
  below.set(level, node)
  return node
}

function newNode(): Node {
  return { below: new Map(), subscribers: [] }
}
