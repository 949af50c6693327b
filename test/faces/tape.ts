// The little of the tape library that mqtt-packet's own tests use, so that they can be run from its
// package as they are; and the loader that gives them our drop-in in place of their `./`.

import { deepEqual } from 'node:assert'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { inspect, isDeepStrictEqual } from 'node:util'

export interface Outcome {
  title: string
  /** What went wrong; empty = passed. */
  failures: string[]
}

type Body = (t: Tape) => void

/** What a test body gets; notes what fails. */
class Tape {
  readonly failures: string[] = []
  count = 0
  private planned: number | undefined

  plan(count: number): void {
    this.planned = count
  }

  finish(): void {
    if (this.planned !== undefined && this.planned !== this.count) {
      this.failures.push(`planned ${this.planned} assertions, made ${this.count}`)
    }
  }

  end(): void {}
  comment(): void {}

  pass(): void {
    this.count++
  }

  fail(reason: unknown): void {
    this.count++
    this.failures.push(reason instanceof Error ? reason.message : String(reason))
  }

  equal(actual: unknown, expected: unknown, what = ''): void {
    if (Object.is(actual, expected)) this.count++
    else this.fail(`${what}: expected ${show(expected)}, got ${show(actual)}`)
  }

  deepEqual(actual: unknown, expected: unknown, what = ''): void {
    if (isDeepStrictEqual(actual, expected)) this.count++
    else this.fail(`${what}: expected ${show(expected)}, got ${show(actual)}`)
  }

  deepLooseEqual(actual: unknown, expected: unknown, what = ''): void {
    try {
      deepEqual(actual, expected)
      this.count++
    } catch {
      this.fail(`${what}: expected ${show(expected)}, got ${show(actual)}`)
    }
  }

  ok(value: unknown, what = ''): void {
    if (value) this.count++
    else this.fail(what)
  }

  true(value: unknown, what = ''): void {
    this.equal(value, true, what)
  }

  false(value: unknown, what = ''): void {
    this.equal(value, false, what)
  }
}

function show(value: unknown): string {
  return inspect(value, { depth: 4, breakLength: Number.POSITIVE_INFINITY }).slice(0, 300)
}

/** Runs a file of tests written for tape; `replaced` stands for its `./`. */
export async function runTape(path: string, replaced: unknown): Promise<Outcome[]> {
  const bodies: [title: string, body: Body][] = []
  const tape = (title: string, body: Body) => bodies.push([title, body])
  const real = createRequire(path)
  const require = (name: string) => (name === './' ? replaced : name === 'tape' ? tape : real(name))
  const load = new Function('require', 'module', 'exports', '__dirname', readFileSync(path, 'utf8'))
  load(require, {}, {}, dirname(path))
  const outcomes: Outcome[] = []
  for (const [title, body] of bodies) {
    const t = new Tape()
    try {
      body(t)
      // Streams tell what was written, and their errors, in later turns.
      await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => setImmediate(resolve))
    } catch (error) {
      t.failures.push(`threw ${(error as Error).message}`)
    }
    t.finish()
    outcomes.push({ title, failures: t.failures })
  }
  return outcomes
}
