// Arguments of control verbs, checked: a caller that asks for something else is told what was
// expected. Used by those who define verbs.

import { ControlError } from './control.ts'

export type Args = Readonly<Record<string, unknown>>

/** @throws ControlError */
export function textOf(args: Args, key: string): string {
  const value = optionalText(args, key)
  if (value === undefined) throw wrong(key, 'a string')
  return value
}

/** @throws ControlError */
export function optionalText(args: Args, key: string): string | undefined {
  return optional(args, key, 'string') as string | undefined
}

/** @throws ControlError */
export function optionalNumber(args: Args, key: string): number | undefined {
  return optional(args, key, 'number') as number | undefined
}

/** @throws ControlError */
export function flagOf(args: Args, key: string): boolean {
  return optional(args, key, 'boolean') === true
}

/** @throws ControlError */
export function choiceOf<T extends string>(
  args: Args,
  key: string,
  choices: readonly T[],
): T | undefined {
  const value = args[key]
  if (value === undefined || choices.includes(value as T)) return value as T | undefined
  throw wrong(key, choices.join(' or '))
}

function optional(args: Args, key: string, type: string): unknown {
  const value = args[key]
  if (value === undefined || typeof value === type) return value
  throw wrong(key, `a ${type}`)
}

function wrong(key: string, expected: string): ControlError {
  return new ControlError('WASMQTT_CONTROL', [`${key}: expected ${expected}`])
}
