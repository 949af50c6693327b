// Verbs of the control socket about the ban list: what `wasmqtt ban` asks of a running broker, or
// of the list of a stopped one. Whom a new ban is about is disconnected.

import type { Ban, BanKind, Bans } from '../access/bans.ts'
import type { Verbs } from './control.ts'
import { type Args, choiceOf, optionalNumber, optionalText, textOf } from './fields.ts'

/** A client that may be banned. */
export interface Banned {
  clientId: string
  username: string | undefined
  address: string
}

export interface BanPlace {
  readonly bans: Bans
  /** Ends the connections of those that `isMeant` picks. @returns how many */
  disconnect(isMeant: (client: Banned) => boolean): number
}

const KINDS: readonly BanKind[] = ['client', 'user', 'address']

export function banVerbs({ bans, disconnect }: BanPlace): Verbs {
  const verbs: Verbs = new Map()
  verbs.set('ban.list', () => bans.list())
  verbs.set('ban.add', async (args) => {
    const until = optionalNumber(args, 'until')
    const reason = optionalText(args, 'reason')
    const ban: Ban = {
      ...{ kind: kindOf(args), value: textOf(args, 'value') },
      ...(until !== undefined && { until }),
      ...(reason !== undefined && { reason }),
    }
    await bans.add(ban)
    const disconnected = disconnect(
      ({ address, ...client }) => bans.find({ ...client, origin: { address } }) !== undefined,
    )
    return { disconnected }
  })
  verbs.set('ban.remove', async (args) => {
    return { removed: await bans.remove(kindOf(args), textOf(args, 'value')) }
  })
  return verbs
}

function kindOf(args: Args): BanKind {
  return choiceOf(args, 'kind', KINDS) ?? (textOf(args, 'kind') as BanKind)
}
