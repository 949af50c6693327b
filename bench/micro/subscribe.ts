// Suite: subscribing and unsubscribing in a trie that holds 100,000 filters, and what a
// subscription costs in memory; beside qlobber.
import { REGISTER_ALLOCATED } from '../../assembly/layout.ts'
import { loadModule } from '../../host/wasm/instance.ts'
import { filterOf, newQlobber, qlobberOf, topicOf, trieOf } from './fleet.ts'
import { agree, measure, note } from './measure.ts'

const HELD = 100_000
const CHANGES = 1000

const held = Array.from({ length: HELD }, (_, i) => filterOf(i))

const kinds = {
  literal: (i: number) => topicOf(HELD + i),
  'with +': (i: number) => `fleet/+/v${HELD + i}/state`,
  'with #': (i: number) => `fleet/${i % 100}/v${HELD + i}/#`,
}

const module = loadModule()
const trie = trieOf(module, held)
const qlobber = qlobberOf(held)

for (const [kind, filter] of Object.entries(kinds)) {
  const filters = Array.from({ length: CHANGES }, (_, i) => filter(i))
  const ours = () => {
    filters.forEach((one, i) => {
      trie.insertText(one, HELD + i, 0)
    })
    return filters.filter((one, i) => trie.removeText(one, HELD + i)).length
  }
  const theirs = () => {
    filters.forEach((one, i) => {
      qlobber.add(one, HELD + i)
    })
    filters.forEach((one, i) => {
      qlobber.remove(one, HELD + i)
    })
    return CHANGES
  }
  agree(`${kind}, removed`, { wasmqtt: ours(), qlobber: theirs() })
  agree(`${kind}, left`, { held: HELD, wasmqtt: trie.size })
  await measure(`subscribe and unsubscribe, ${kind}`, CHANGES, { wasmqtt: ours, qlobber: theirs })
}

const literals = Array.from({ length: HELD }, (_, i) => topicOf(i))
const empty = loadModule()
const before = empty.word(REGISTER_ALLOCATED)
const full = trieOf(empty, literals)
note(
  'memory, literal subscription, wasmqtt',
  (empty.word(REGISTER_ALLOCATED) - before) / full.size,
  'bytes',
)
const heapBefore = heapUsed()
const other = newQlobber()
literals.forEach((one, i) => {
  other.add(one, i)
})
note('memory, literal subscription, qlobber', (heapUsed() - heapBefore) / HELD, 'bytes')
agree('still there', { wasmqtt: full.size, qlobber: HELD * other.match(topicOf(1)).length })

function heapUsed(): number {
  global.gc?.()
  return process.memoryUsage().heapUsed
}
