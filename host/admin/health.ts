// The admin listener while there is no console: whether the process lives, whether it takes
// clients, and what it counts. Called by the command line; what needs a package is loaded when it
// is first asked for, so that the start stays fast.
//
//   GET /healthz  200 {"status":"ok", ...facts}; "degraded" while the store cannot be written
//   GET /readyz   200 when it takes clients, 503 before and while it shuts down
//   GET /metrics  Prometheus text format 0.0.4

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type ListenOptions, listenOn } from '../net/listen.ts'
import type { Listener } from '../net/transport.ts'
import type { Watched } from './watched.ts'

type Answer = (response: ServerResponse) => void | Promise<void>

/**
 * Answers the paths above, all else with 404. `close` ends connections too.
 * @param facts beside `"status":"ok"` in /healthz, or in its place
 * @param watched without it there is only /healthz
 */
export async function listenHealth(
  options: ListenOptions,
  facts: () => object,
  watched?: Watched,
): Promise<Listener> {
  const answers = new Map<string, Answer>()
  answers.set('/healthz', (response) => say(response, 200, { status: 'ok', ...facts() }))
  if (watched !== undefined) {
    answers.set('/readyz', (response) => sayState(response, watched))
    answers.set('/metrics', metricsOf(watched))
  }
  const server = createServer((request, response) => {
    const answer = request.method === 'GET' ? answers.get(pathOf(request)) : undefined
    if (answer === undefined) say(response, 404, { status: 'not found' })
    else void answer(response)
  })
  const listener = await listenOn(server, options, 'http')
  return {
    ...listener,
    close: async () => {
      await listener.close()
      server.closeAllConnections()
    },
  }
}

function pathOf({ url = '' }: IncomingMessage): string {
  return url.split('?', 1)[0] as string
}

function sayState(response: ServerResponse, watched: Watched): void {
  const state = watched.state()
  say(response, state === 'ready' ? 200 : 503, { status: state })
}

/** Loads the metrics at the first scrape. */
function metricsOf(watched: Watched): Answer {
  let registry: Promise<{ contentType: string; metrics(): Promise<string> }> | undefined
  return async (response) => {
    registry ??= import('./metrics.ts').then(({ createRegistry }) => createRegistry(watched))
    try {
      const { contentType, metrics } = await registry.then(async (known) => ({
        contentType: known.contentType,
        metrics: await known.metrics(),
      }))
      send(response, 200, contentType, metrics)
    } catch (error) {
      say(response, 500, { status: 'failed', error: (error as Error).message })
    }
  }
}

function say(response: ServerResponse, status: number, body: object): void {
  send(response, status, 'application/json', `${JSON.stringify(body)}\n`)
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.setHeader('Content-Type', type)
  response.setHeader('Cache-Control', 'no-store')
  response.writeHead(status).end(body)
}
