// The connection of `pub` and `sub`: settings become an MQTT.js client, and whatever ends it
// becomes a line on standard error and an exit code, those of mosquitto_pub and mosquitto_sub.

import { randomBytes } from 'node:crypto'
import {
  connect,
  type IClientOptions,
  MqttClient,
  type Packet,
  UniqueMessageIdProvider,
} from 'mqtt'
import { dial } from '../../net/dial.ts'
import { reasonText } from '../../protocol/reasons.ts'
import { Mistake } from './mistake.ts'
import { describePacket } from './packets.ts'
import { type ClientSettings, EXPIRY_NEVER } from './settings.ts'
import { tlsOptions, usesTls } from './tls.ts'

/** The numbers of libmosquitto's errors. */
export const EXIT = { failed: 1, lost: 7, tls: 8, timedOut: 27, notYetConnected: 255 } as const

/** DISCONNECT that lets the broker publish the will. [MQTT 5.0, 3.14.2.1] */
export const WITH_WILL = 4

const PORTS = { mqtt: 1883, mqtts: 8883, ws: 8083, wss: 8084 } as const
const RECONNECT_MS = 1000
/** A broker that does not take the DISCONNECT is not waited for longer. */
const GOODBYE_MS = 1000
const RECEIVE_MAXIMUM_DEFAULT = 20

const LOST = 'Error: The connection was lost.'

const RETURN_TEXTS: Record<number, string> = {
  1: 'unacceptable protocol version',
  2: 'identifier rejected',
  3: 'broker unavailable',
  4: 'bad user name or password',
  5: 'not authorised',
}

const ERROR_TEXTS: Record<string, string> = {
  ECONNREFUSED: 'Error: Connection refused',
  ENOENT: 'Error: No such file or directory',
  EHOSTUNREACH: 'Error: No route to host',
  ENETUNREACH: 'Error: Network is unreachable',
  ETIMEDOUT: 'Error: Connection timed out',
  ENOTFOUND: 'Unable to connect (Lookup error.).',
  EAI_AGAIN: 'Unable to connect (Lookup error.).',
}

/** One command's connection, from CONNECT to the exit code. */
export class Link {
  readonly client: MqttClient
  readonly settings: ClientSettings
  /** Resolves with the exit code once the connection has ended. */
  readonly ended: Promise<number>
  #resolve: (code: number) => void = () => {}
  #ending = false
  #connected = false

  constructor(settings: ClientSettings, options: { reconnect: boolean }) {
    this.settings = settings
    this.ended = new Promise((resolve) => {
      this.#resolve = resolve
    })
    this.client = open(settings, options.reconnect ? RECONNECT_MS : 0)
    this.#watch(options.reconnect)
  }

  get ending(): boolean {
    return this.#ending
  }

  get connected(): boolean {
    return this.#connected
  }

  /** DISCONNECT, close, exit code; the first call counts. */
  end(code: number, reasonCode = 0): void {
    if (this.#ending) return
    this.#ending = true
    const done = (): void => this.#resolve(code)
    const timer = setTimeout(done, GOODBYE_MS)
    const properties = this.settings.properties.disconnect
    const packet = this.settings.protocolVersion < 5 ? {} : { reasonCode, properties }
    // The acknowledgement of the packet in hand goes out before the DISCONNECT.
    setImmediate(() => {
      this.client.end(false, packet as object, () => {
        clearTimeout(timer)
        done()
      })
    })
  }

  /** For standard error, unless `--quiet`. */
  say(text: string): void {
    if (!this.settings.quiet) process.stderr.write(`${text}\n`)
  }

  #watch(reconnect: boolean): void {
    const { client } = this
    // The first one has gone out before anybody could listen.
    this.#print(describePacket({ cmd: 'connect' } as Packet, 'sending', this.settings.id))
    client.on('connect', () => {
      this.#connected = true
    })
    client.on('packetreceive', (packet) => {
      this.#print(describePacket(packet, 'received', this.settings.id))
      if (packet.cmd !== 'connack') return
      const code = packet.reasonCode ?? packet.returnCode ?? 0
      if (code !== 0) this.#refused(code)
    })
    client.on('packetsend', (packet) => {
      this.#print(describePacket(packet, 'sending', this.settings.id))
    })
    client.on('disconnect', ({ reasonCode = 0 }) => {
      if (reasonCode >= 0x80)
        this.say(`Warning: the broker disconnects: ${reasonText(reasonCode)}.`)
    })
    client.on('error', (error) => this.#failed(error))
    client.stream.on('error', (error) => this.#failed(error))
    client.on('close', () => {
      if (!reconnect) this.#over(EXIT.lost, LOST)
    })
  }

  #print(lines: string[]): void {
    if (!this.settings.debug) return
    for (const line of lines) process.stdout.write(`${line}\n`)
  }

  #refused(code: number): void {
    if (this.settings.protocolVersion < 5) {
      const text = RETURN_TEXTS[code] ?? 'unknown reason'
      this.#over(code, `Connection error: Connection Refused: ${text}.`)
      return
    }
    const words = reasonText(code)
    this.#over(code, `Connection error: ${words.charAt(0).toUpperCase()}${words.slice(1)}`)
  }

  /** A connection that was never there is not tried again. */
  #failed(error: Error): void {
    if (this.#connected && !this.#ending) return
    const { code = '' } = error as NodeJS.ErrnoException
    const known = ERROR_TEXTS[code]
    if (code === 'ECONNRESET' || code === 'EPIPE') this.#over(EXIT.lost, LOST)
    else if (known !== undefined) this.#over(EXIT.failed, known)
    else if (usesTls(this.settings)) {
      this.#over(EXIT.tls, `Error: A TLS error occurred: ${reasonOf(error)}.`)
    } else this.#over(EXIT.failed, `Error: ${error.message}`)
  }

  /** Ends without a DISCONNECT: there is nobody to take it. */
  #over(code: number, text: string): void {
    if (this.#ending) return
    this.#ending = true
    this.say(text)
    this.client.end(true)
    this.#resolve(code)
  }
}

/** OpenSSL's reason without the place in its sources. */
function reasonOf({ message }: Error): string {
  return /:SSL routines:[^:]*:([^:]+)/.exec(message)?.[1] ?? message
}

function open(settings: ClientSettings, reconnectPeriod: number): MqttClient {
  const tls = usesTls(settings)
  const protocol = settings.webSocket ? (tls ? 'wss' : 'ws') : tls ? 'mqtts' : 'mqtt'
  const port = settings.port ?? PORTS[protocol]
  const secrets = tls ? tlsOptions(settings.tls) : {}
  const options = {
    ...sessionOptions(settings),
    ...secrets,
    reconnectPeriod,
    protocol,
    port,
    host: settings.host,
    messageIdProvider: new UniqueMessageIdProvider(),
    ...(settings.proxy === undefined ? {} : { socksProxy: settings.proxy }),
    ...(settings.bindAddress === undefined ? {} : { localAddress: settings.bindAddress }),
  } as IClientOptions
  if (settings.webSocket) {
    options.path = settings.webSocketPath
    options.wsOptions = { ...secrets, localAddress: settings.bindAddress } as object
  }
  if (settings.unixPath !== undefined) {
    return withDelay(
      settings,
      connect({ ...options, protocol: 'mqtt', unixSocket: true, path: settings.unixPath }),
    )
  }
  if (settings.bindAddress === undefined || protocol !== 'mqtt') {
    return withDelay(settings, connect(options))
  }
  // MQTT.js does not pass the local address on.
  const address = { host: settings.host, port, localAddress: settings.bindAddress }
  return withDelay(settings, new MqttClient(() => dial(address), options))
}

function withDelay({ noDelay }: ClientSettings, client: MqttClient): MqttClient {
  const stream = client.stream as { setNoDelay?: (on: boolean) => void }
  if (noDelay) stream.setNoDelay?.(true)
  return client
}

function sessionOptions(settings: ClientSettings): IClientOptions {
  const { username, password, keepAliveSeconds: keepalive, clean, protocolVersion } = settings
  const options: IClientOptions = {
    clientId: clientId(settings),
    clean,
    keepalive,
    protocolVersion,
    protocolId: protocolVersion === 3 ? 'MQIsdp' : 'MQTT',
    resubscribe: true,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: Buffer.from(password) }),
  }
  const { topic, payload = '', qos, retain } = settings.will
  if (topic !== undefined) {
    options.will = { topic, payload: Buffer.from(payload), qos, retain }
    const properties = settings.properties.will
    if (properties !== undefined && protocolVersion === 5) options.will.properties = properties
  }
  if (protocolVersion === 5) options.properties = connectProperties(settings)
  return options
}

function connectProperties(settings: ClientSettings): NonNullable<IClientOptions['properties']> {
  const properties = { ...settings.properties.connect }
  const { sessionExpirySeconds: expiry = 0, countMax } = settings
  if (expiry > 0) properties.sessionExpiryInterval = Math.min(expiry, EXPIRY_NEVER)
  // What comes beyond the last message that is wanted stays with the broker.
  if (countMax > 0 && countMax < RECEIVE_MAXIMUM_DEFAULT) properties.receiveMaximum ??= countMax
  return properties
}

/** In MQTT 5 the broker makes one up; 3.1 has no empty one. */
function clientId({ id, idPrefix, clean, protocolVersion }: ClientSettings): string {
  if (idPrefix !== undefined) return `${idPrefix}${process.pid}`
  if (id === '' && !clean) throw new Mistake('Error: Invalid id.')
  if (id !== undefined) return id
  return protocolVersion === 5 ? '' : `mosq-${randomBytes(9).toString('hex')}`
}
