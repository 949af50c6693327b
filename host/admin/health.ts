// The admin listener while there is no console: GET /healthz says that the process lives and what
// it counts. Called by the command line; takes the facts from whoever knows them.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type ListenOptions, listenOn } from '../net/listen.ts'
import type { Listener } from '../net/transport.ts'

/** Answers `{"status":"ok", ...facts()}`, all else with 404. `close` ends connections too. */
export async function listenHealth(options: ListenOptions, facts: () => object): Promise<Listener> {
  const server = createServer((request, response) => answer(request, response, facts))
  const listener = await listenOn(server, options, 'http')
  return {
    ...listener,
    close: async () => {
      await listener.close()
      server.closeAllConnections()
    },
  }
}

function answer(request: IncomingMessage, response: ServerResponse, facts: () => object): void {
  const path = (request.url ?? '').split('?', 1)[0]
  const found = request.method === 'GET' && path === '/healthz'
  const body = JSON.stringify(found ? { status: 'ok', ...facts() } : { status: 'not found' })
  response.setHeader('Content-Type', 'application/json')
  response.setHeader('Cache-Control', 'no-store')
  response.writeHead(found ? 200 : 404).end(`${body}\n`)
}
