// One hostile connection: bytes sent in pieces over TCP or WebSocket, and an end to it. Tells how
// it went; what the broker answered is judged by verdict.ts. Everything random comes from one
// Random.

import { connect, type Socket } from 'node:net'
import { closeFrame, frames, request } from './frames.ts'
import { mutateBytes } from './mutate.ts'
import type { Random } from './random.ts'

export interface Ports {
  port: number
  wsPort: number
}

/**
 * How the connection ends: by a reset at once; by our FIN; by the broker, which must close it
 * because of what it was sent; or by a reset at `release`, until when nothing is read.
 */
export type Ending = 'reset' | 'end' | 'awaited' | 'lingering'

export interface Plan {
  transport: 'tcp' | 'ws'
  ending: Ending
  /** What goes out, piece by piece, handshake and framing included. */
  pieces: Buffer[]
  /** Whether the pieces still say what the input says. */
  faithful: boolean
}

export interface Outcome {
  /** What the broker sent, as long as it is not too much to keep. */
  received: Buffer
  truncated: boolean
  /** The broker closed only because we did, or did not close in time at all. */
  late: boolean
}

const PATIENCE_MS = 20_000
const RECEIVED_MAX = 4 * 1024 * 1024
const PIECES_MAX = 6
/**
 * Of a hundred WebSocket connections so many have mutated frames, and the next a mutated request.
 */
const MUTATED_FRAMES = 6
const MUTATED_REQUESTS = 9

/** @param doomed whether the broker must close the connection by itself */
export function planAttack(bytes: Buffer, doomed: boolean, random: Random): Plan {
  const transport = random.chance(75) ? 'tcp' : 'ws'
  const parts = cut(bytes, random)
  const ending = endingOf(doomed, random)
  if (transport === 'tcp') return { transport, ending, pieces: parts, faithful: true }
  const framed = frames(parts, random)
  if (ending === 'end' && random.chance(50)) framed.push(closeFrame(random))
  const kind = random.below(100)
  const faithful = kind >= MUTATED_REQUESTS
  const hello = request()
  const pieces =
    kind < MUTATED_FRAMES ? framed.map((one) => mutateBytes(one, framed, random)) : framed
  pieces.unshift(faithful || kind < MUTATED_FRAMES ? hello : mutateBytes(hello, framed, random))
  return {
    transport,
    // Who is not understood need not be refused.
    ending: faithful || ending !== 'awaited' ? ending : 'end',
    pieces: random.chance(30) ? [Buffer.concat(pieces)] : pieces,
    faithful,
  }
}

function endingOf(doomed: boolean, random: Random): Ending {
  const kind = random.below(100)
  if (kind < 15) return 'reset'
  if (kind < 20) return 'lingering'
  return doomed ? 'awaited' : 'end'
}

function cut(bytes: Buffer, random: Random): Buffer[] {
  const count = random.chance(50) ? 1 : random.between(2, PIECES_MAX)
  const cuts = Array.from({ length: count - 1 }, () => random.below(bytes.length + 1))
  const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length]
  return edges.slice(1).map((end, i) => bytes.subarray(edges[i], end))
}

/** A close frame with a status code and no reason. */
function endsInCloseFrame(chunk: Buffer): boolean {
  const at = chunk.length - 4
  return at >= 0 && chunk[at] === 0x88 && chunk[at + 1] === 2
}

export class Attack {
  readonly done: Promise<Outcome>
  private readonly plan: Plan
  private readonly socket: Socket
  private readonly chunks: Buffer[] = []
  private readonly timer: NodeJS.Timeout
  private received = 0
  private next = 0
  private late = false
  private released = false

  constructor(plan: Plan, ports: Ports) {
    this.plan = plan
    const port = plan.transport === 'tcp' ? ports.port : ports.wsPort
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true })
    this.timer = setTimeout(() => this.giveUp(), PATIENCE_MS)
    this.socket.on('error', () => {})
    this.socket.on('connect', () => this.sendNext())
    this.socket.on('data', (chunk) => this.onData(chunk))
    this.socket.on('end', () => this.socket.end())
    this.done = new Promise((resolve) => {
      this.socket.on('close', () => {
        clearTimeout(this.timer)
        const truncated = this.received > RECEIVED_MAX
        resolve({ received: Buffer.concat(this.chunks), truncated, late: this.late })
      })
    })
  }

  get isLingering(): boolean {
    return this.plan.ending === 'lingering' && !this.released
  }

  /** Ends a lingering connection. */
  release(): void {
    this.released = true
    this.socket.resetAndDestroy()
  }

  private sendNext(): void {
    const { ending, pieces } = this.plan
    if (this.socket.destroyed || this.socket.writableEnded) return
    if (this.next < pieces.length) {
      this.socket.write(pieces[this.next++] as Buffer)
      setImmediate(() => this.sendNext())
      return
    }
    if (ending === 'reset') this.socket.resetAndDestroy()
    else if (ending === 'end') this.socket.end()
    else if (ending === 'lingering') this.socket.pause()
  }

  private onData(chunk: Buffer): void {
    this.received += chunk.length
    if (this.received <= RECEIVED_MAX) this.chunks.push(chunk)
    // Without an answer to its close frame the server would wait for two seconds.
    if (this.plan.transport === 'ws' && endsInCloseFrame(chunk)) this.socket.end()
  }

  private giveUp(): void {
    if (!this.isLingering) this.late = true
    this.socket.destroy()
  }
}
