// Retained messages that wait for a session: their order, what is promoted, and what is let go of,
// with plain numbers for handles.

import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Backlog } from '../host/broker/backlog.ts'

const test = suite('backlog')

/** Adds a run of these handles. */
function add(backlog: Backlog, qos: number, ...handles: number[]): void {
  backlog.add(Int32Array.from(handles), qos, 0)
}

/** What would be sent from now on, as `handle:qos`, and whose references are given up then. */
function drain(backlog: Backlog): { sent: string[]; dropped: number[] } {
  const sent: string[] = []
  const dropped: number[] = []
  while (!backlog.isEmpty) {
    const message = backlog.message()
    if (message !== 0) sent.push(`${message}:${backlog.qos()}`)
    dropped.push(backlog.shift())
  }
  assert.is(backlog.size, 0)
  return { sent, dropped }
}

test('runs are sent in order, and every reference is given up once', () => {
  const backlog = new Backlog()
  add(backlog, 0, 10, 11)
  add(backlog, 1)
  add(backlog, 1, 12, 10)
  assert.is(backlog.size, 4)
  assert.equal(drain(backlog), {
    sent: ['10:0', '11:0', '12:1', '10:1'],
    dropped: [10, 11, 12, 10],
  })
})

test('a promoted message is not sent in its turn', () => {
  const backlog = new Backlog()
  add(backlog, 1, 10, 11, 12)
  assert.equal(backlog.promote(11)?.qos, 1)
  assert.is(backlog.promote(11), undefined)
  assert.is(backlog.promote(13), undefined)
  assert.equal(drain(backlog), { sent: ['10:1', '12:1'], dropped: [10, 11, 12] })
})

test('a promoted message stays so when another subscription adds its own', () => {
  const backlog = new Backlog()
  add(backlog, 1, 10, 11)
  backlog.promote(11)
  add(backlog, 2, 12)
  assert.equal(drain(backlog), { sent: ['10:1', '12:2'], dropped: [10, 11, 12] })
})

test('a promoted message is sent once to a later subscription that asks for it again', () => {
  const backlog = new Backlog()
  add(backlog, 1, 10, 11)
  backlog.promote(11)
  add(backlog, 2, 11)
  assert.equal(drain(backlog), { sent: ['10:1', '11:2'], dropped: [10, 11, 11] })
})

test('when the connection ends, what need not be kept and what was promoted is let go of', () => {
  const backlog = new Backlog()
  add(backlog, 0, 10, 11)
  add(backlog, 1, 12, 13, 14)
  backlog.shift()
  backlog.promote(13)
  const dropped: number[] = []
  backlog.filter(
    (qos) => qos > 0,
    (message) => dropped.push(message),
  )
  assert.equal(dropped, [11, 13])
  assert.is(backlog.size, 2)
  assert.equal(drain(backlog), { sent: ['12:1', '14:1'], dropped: [12, 14] })
})

test.run()
