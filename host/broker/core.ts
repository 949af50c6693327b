// What the handlers are given: the services, and all sessions. A floor of its own, because sessions
// use the services and must not see each other.

import type { BrokerOptions } from '../config/options.ts'
import type { Store } from '../store/store.ts'
import type { Messages } from '../wasm/messages.ts'
import { Services } from './services.ts'
import { Sessions } from './sessions.ts'

export class Core extends Services {
  readonly sessions: Sessions

  constructor(options: BrokerOptions, openStore: (messages: Messages) => Store) {
    super(options, openStore)
    this.sessions = new Sessions()
  }
}
