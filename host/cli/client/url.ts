// `-L URL`: scheme, credentials, host, port and topic in one word, as mosquitto_pub and
// mosquitto_sub read it, and with ws:// and wss:// too. Used by the connection options.

import { addTopic, fail, integer } from './row.ts'
import type { ClientSettings } from './settings.ts'

const SCHEMES: Record<string, { tls: boolean; webSocket: boolean }> = {
  mqtt: { tls: false, webSocket: false },
  mqtts: { tls: true, webSocket: false },
  ws: { tls: false, webSocket: true },
  wss: { tls: true, webSocket: true },
}

/** The path is the topic, whatever the scheme; a WebSocket's path is `--ws-path`. */
export function readUrl(settings: ClientSettings, url: string): void {
  const [, name = '', rest = ''] = /^([a-z]+):\/\/(.*)$/is.exec(url) ?? []
  const scheme = SCHEMES[name.toLowerCase()]
  if (scheme === undefined) fail('unsupported URL scheme.')
  const slash = rest.indexOf('/')
  if (slash < 0) fail('Invalid URL for -L argument specified - topic missing.')
  addTopic(settings, rest.slice(slash + 1))
  if (scheme.tls) settings.tls.wanted = true
  if (scheme.webSocket) settings.webSocket = true
  readAuthority(settings, rest.slice(0, slash))
}

function readAuthority(settings: ClientSettings, authority: string): void {
  const at = authority.lastIndexOf('@')
  if (at >= 0) {
    const [user, ...password] = authority.slice(0, at).split(':')
    settings.username = `${user}`
    if (password.length > 0) settings.password = password.join(':')
  }
  const address = authority.slice(at + 1)
  const [, host = '', port] = /^(\[.*\]|[^:]*)(?::(.*))?$/.exec(address) ?? []
  settings.host = host.replace(/^\[(.*)\]$/, '$1')
  if (port === undefined) delete settings.port
  else settings.port = integer(port, 0, 65_535, `Invalid port given: ${port}`)
}
