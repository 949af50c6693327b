// The control socket of a running broker: a unix socket that only its owner may open, and on it
// lines of JSON, a request and its answers (host/cli/README.md). Both ends stand here; which verbs
// there are is the business of whoever opens it.

import { lstatSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { createInterface, type Interface } from 'node:readline'

/** In the data directory. */
export const CONTROL_SOCKET = 'control.sock'

const REQUEST_LENGTH_MAX = 1024 * 1024
/** Streamed lines wait for a slow reader up to this, then they are dropped and counted. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024
/** What sockaddr_un holds, without its final zero. */
const PATH_BYTES_MAX = 107

/** What a verb knows of who called it. */
export interface Call {
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal
  /** Streams something to the caller before the result. */
  line(value: unknown): void
}

/** Answers a request; what it throws goes to the caller. */
export type Verb = (args: Record<string, unknown>, call: Call) => unknown

export type Verbs = Map<string, Verb>

/** One line from the socket. Exactly one of `result` and `error` ends each answer. */
interface Reply {
  line?: unknown
  result?: unknown
  error?: { code: string; lines: string[] }
}

/** Why a request failed: the broker's own words, or that there is none. */
export class ControlError extends Error {
  readonly code: string
  readonly lines: readonly string[]

  constructor(code: string, lines: readonly string[]) {
    super(lines.join('\n'))
    this.name = 'ControlError'
    this.code = code
    this.lines = lines
  }
}

/** Somewhere to send requests. */
export class ControlServer {
  readonly path: string
  readonly #server: Server
  readonly #sockets: Set<Socket> = new Set()

  private constructor(path: string, server: Server) {
    this.path = path
    this.#server = server
  }

  /**
   * Takes the place of a socket whose broker is gone.
   * @throws ControlError when another broker answers there, or the socket cannot be made
   */
  static async open(path: string, verbs: Verbs): Promise<ControlServer> {
    await makeRoom(path)
    const server = createServer({ allowHalfOpen: true }, (socket) => control.#accept(socket, verbs))
    const control = new ControlServer(path, server)
    await bind(server, path)
    server.on('error', () => {})
    process.on('exit', () => control.#remove())
    return control
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #remove(): void {
    if (!this.#server.listening) return
    try {
      rmSync(this.path, { force: true })
    } catch {
      // The user the broker became may not: the next start takes its place.
    }
  }

  /** Requests of one connection are answered one after the other. */
  #accept(socket: Socket, verbs: Verbs): void {
    this.#sockets.add(socket)
    const gone = new AbortController()
    let waiting = ''
    let last: Promise<void> = Promise.resolve()
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      const lines = (waiting + text).split('\n')
      waiting = lines.pop() as string
      if (waiting.length > REQUEST_LENGTH_MAX) socket.destroy()
      for (const line of lines) last = last.then(() => answer(socket, line, verbs, gone.signal))
    })
    // Whoever sends no more still gets the answers, but nothing is streamed to them.
    socket.on('end', () => {
      gone.abort()
      void last.then(() => socket.end())
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#sockets.delete(socket)
      gone.abort()
    })
  }
}

async function answer(
  socket: Socket,
  text: string,
  verbs: Verbs,
  signal: AbortSignal,
): Promise<void> {
  const send = (reply: Reply): void => {
    if (socket.writable) socket.write(`${JSON.stringify(reply)}\n`)
  }
  let dropped = 0
  const call: Call = {
    signal,
    line: (value) => {
      if (socket.writableLength > WAITING_BYTES_MAX) dropped++
      else {
        if (dropped > 0) send({ line: `… ${dropped} lines left out: they are read too slowly` })
        dropped = 0
        send({ line: value })
      }
    },
  }
  try {
    const { verb, args } = parseRequest(text)
    const run = verbs.get(verb)
    if (run === undefined) {
      const known = [...verbs.keys()].join(', ')
      throw new ControlError('WASMQTT_CONTROL', [`unknown verb '${verb}': expected ${known}`])
    }
    send({ result: (await run(args, call)) ?? null })
  } catch (error) {
    send({ error: describe(error) })
  }
}

function parseRequest(text: string): { verb: string; args: Record<string, unknown> } {
  let request: unknown
  try {
    request = JSON.parse(text)
  } catch {
    throw new ControlError('WASMQTT_CONTROL', ['expected a line of JSON'])
  }
  const { verb, args = {} } = (request ?? {}) as { verb?: unknown; args?: unknown }
  if (typeof verb !== 'string' || typeof args !== 'object' || args === null) {
    throw new ControlError('WASMQTT_CONTROL', ['expected {"verb": string, "args": object}'])
  }
  return { verb, args: args as Record<string, unknown> }
}

/** Errors made for people have a code and lines; others are ours. */
function describe(error: unknown): { code: string; lines: string[] } {
  const { code, lines, message } = error as Partial<ControlError>
  if (code !== undefined && Array.isArray(lines)) return { code, lines: [...lines] }
  return { code: code ?? 'WASMQTT_INTERNAL', lines: [message ?? String(error)] }
}

/** Removes the socket of a broker that is gone. @throws ControlError when one answers */
export async function makeRoom(path: string): Promise<void> {
  const facts = lstatSync(path, { throwIfNoEntry: false })
  if (facts === undefined) return
  if (!facts.isSocket()) throw unusable(path, new Error('something else has that name'))
  const socket = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT') throw unusable(path, error)
  })
  if (socket === undefined) {
    rmSync(path, { force: true })
    return
  }
  socket.destroy()
  throw new ControlError('WASMQTT_RUNNING', [`${path}: another broker runs here`])
}

function unusable(path: string, error: Error): ControlError {
  return new ControlError('WASMQTT_CONTROL', [`control socket ${path}: ${error.message}`])
}

async function bind(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    throw unusable(path, new Error(`the path is longer than ${PATH_BYTES_MAX} bytes`))
  }
  const mask = process.umask(0o177) // binding to a path happens inside `listen`
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(path, () => {
        server.off('error', reject)
        resolve()
      })
      process.umask(mask)
    })
  } catch (error) {
    process.umask(mask)
    throw unusable(path, error as Error)
  }
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

export interface Request {
  verb: string
  args?: Record<string, unknown>
  /** Given each streamed line. */
  onLine?(value: unknown): void
  /** Ends the request; it resolves with undefined then. */
  signal?: AbortSignal
}

/**
 * Sends a request to the broker behind a control socket.
 * @returns its result
 * @throws ControlError with the broker's words, or because there is none
 */
export async function request(
  path: string,
  { verb, args, onLine, signal }: Request,
): Promise<unknown> {
  const socket = await open(path).catch((error) => {
    throw unreachable(path, error as NodeJS.ErrnoException)
  })
  signal?.addEventListener('abort', () => socket.destroy(), { once: true })
  if (signal?.aborted) socket.destroy()
  socket.write(`${JSON.stringify({ verb, args })}\n`)
  const lines: Interface = createInterface({ input: socket })
  socket.on('close', () => lines.close())
  try {
    for await (const text of lines) {
      const reply = JSON.parse(text) as Reply
      if (reply.error !== undefined) throw new ControlError(reply.error.code, reply.error.lines)
      if ('result' in reply) return reply.result
      onLine?.(reply.line)
    }
  } finally {
    socket.destroy()
  }
  if (signal?.aborted) return undefined
  throw new ControlError('WASMQTT_CONTROL', [`${path}: the broker closed the connection`])
}

function unreachable(path: string, error: NodeJS.ErrnoException): ControlError {
  const reason = UNREACHABLE[error.code ?? ''] ?? error.message
  return new ControlError('WASMQTT_CONTROL', [`${path}: ${reason}`])
}

const UNREACHABLE: Record<string, string> = {
  ENOENT: 'no broker runs here (name its data directory with --data)',
  ECONNREFUSED: 'the broker that ran here has ended',
  EACCES: 'not permitted: only the user the broker runs as may control it',
}
