// `wasmqtt ban add|list|remove`: who may not come in, whatever it knows; of a running broker or of
// one that is stopped. Called by main.ts.

import { join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import { BANS_FILE, type Ban, Bans } from '../access/bans.ts'
import { banVerbs } from '../admin/bans.ts'
import { asking, type Offline, type Place, parentOf, print, subcommand } from './asking.ts'
import { Failure } from './failure.ts'
import { escapeUnprintable } from './log.ts'

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

interface Flags extends Place {
  client?: string
  user?: string
  address?: string
  for?: number
  reason?: string
  json?: boolean
}

/** @param words what follows `ban` */
export async function runBan(words: readonly string[]): Promise<void> {
  const parent = parentOf('ban', 'Says who may not come in, whatever it knows.')
  whom(subcommand(parent, 'add', 'bans; a client that is connected is disconnected'))
    .option('--for <time>', 'how long: 90s, 15m, 1h, 7d (default: for ever)', parseDuration)
    .option('--reason <text>', 'why, for whoever reads the list')
    .action(async (flags: Flags) => {
      const until = flags.for === undefined ? undefined : Date.now() + flags.for
      const args = { ...whomOf(flags), until, reason: flags.reason }
      const { disconnected } = (await ask(flags, 'ban.add', args)) as { disconnected: number }
      print(`banned, ${disconnected} disconnected`)
    })
  whom(subcommand(parent, 'remove', 'lifts a ban')).action(async (flags: Flags) => {
    const { removed } = (await ask(flags, 'ban.remove', whomOf(flags))) as { removed: boolean }
    if (!removed) throw new Failure('WASMQTT_BAN', ['there is no such ban'])
  })
  subcommand(parent, 'list', 'shows the bans in force')
    .option('--json', 'as lines of JSON')
    .action(async (flags: Flags) => {
      for (const ban of (await ask(flags, 'ban.list', {})) as Ban[]) {
        print(flags.json ? JSON.stringify(ban) : escapeUnprintable(lineOf(ban)))
      }
    })
  await parent.parseAsync(words, { from: 'user' })
}

function whom(command: Command): Command {
  return command
    .option('--client <id>', 'client identifier')
    .option('--user <name>', 'user name')
    .option('--address <address>', 'address, or a range like 10.0.0.0/8')
}

function whomOf({ address, client, user }: Flags): { kind: string; value: string } {
  const given = Object.entries({ client, user, address }).filter(([, value]) => value !== undefined)
  const [first] = given
  if (given.length !== 1 || first === undefined) {
    throw new Failure('WASMQTT_ARGUMENT', ['expected one of --client, --user and --address'])
  }
  return { kind: first[0], value: first[1] as string }
}

function ask(place: Place, verb: string, args: Record<string, unknown>): Promise<unknown> {
  return asking(place, offline, (request) => request(verb, args))
}

async function offline(data: string): Promise<Offline> {
  const bans = new Bans(join(data, BANS_FILE), Date.now)
  const verbs = banVerbs({ bans, disconnect: () => 0 })
  return { verbs, close: async () => {} }
}

function lineOf({ kind, reason, until, value }: Ban): string {
  const end = until === undefined ? 'for ever' : `until ${new Date(until).toISOString()}`
  return `${kind} ${value} ${end}${reason === undefined ? '' : ` (${reason})`}`
}

function parseDuration(text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const milliseconds = Number(count) * (UNITS_MS[unit ?? ''] ?? 0)
  if (milliseconds > 0) return milliseconds
  throw new InvalidArgumentError('Expected a time like 90s, 15m, 1h or 7d.')
}
