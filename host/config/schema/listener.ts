// Where clients connect, as keys of a file: listeners and their TLS. Which keys exclude each other
// is the business of contradictions.ts.

import type * as z from 'zod'
import type { ListenerConfig, TlsConfig } from '../config.ts'
import { DEFAULTS } from '../options.ts'
import { AUTHENTICATION, AUTHORIZATION, RATES } from './access.ts'
import {
  addressRange,
  boolean,
  file,
  integer,
  list,
  needed,
  object,
  oneOf,
  oneOfNumbers,
  port,
  type Shape,
  text,
  word,
} from './kinds.ts'

const GENERAL = 'as at the top of the file'
const FROM = ['commonName', 'subject', 'san'] as const

const TLS: z.ZodType<TlsConfig> = object<TlsConfig>(
  { meaning: 'The listener speaks TLS.', unset: 'it does not' },
  {
    certificate: file({ meaning: 'PEM file of the certificate and its chain.' }),
    key: file({ meaning: 'PEM file of its private key.' }),
    keyPassphraseFile: file({ meaning: "File that holds the key's passphrase." }),
    names: list(
      object<NonNullable<TlsConfig['names']>[number]>(
        { meaning: 'A further certificate.' },
        {
          name: needed(
            word('a host name or *.domain', {
              meaning: 'Name the client asks for (SNI); `*.example.org` works.',
            }),
          ),
          certificate: needed(file({ meaning: 'PEM file of the certificate and its chain.' })),
          key: needed(file({ meaning: 'PEM file of its private key.' })),
        },
      ),
      { meaning: 'Further certificates, chosen by the name the client asks for (SNI).' },
    ),
    ca: file({ meaning: 'PEM file of those who may issue client certificates.' }),
    caDirectory: word('a directory', { meaning: 'Directory of such PEM files.' }),
    clientCertificate: oneOf(['none', 'optional', 'required'], {
      meaning: 'Whether clients show a certificate.',
      default: 'none',
    }),
    usernameFrom: oneOf(FROM, {
      meaning: 'What of a client certificate (or PSK identity) becomes the user name.',
    }),
    clientIdFrom: oneOf(FROM, {
      meaning: 'What of a client certificate becomes the client identifier.',
    }),
    crl: file({ meaning: 'PEM file of revoked certificates.' }),
    ignoreClientDates: boolean({
      meaning: 'Accepts client certificates that are expired or not valid yet.',
      default: false,
    }),
    minVersion: oneOf(['1.2', '1.3'], { meaning: 'Oldest version spoken.', default: '1.2' }),
    ciphers: text({ meaning: "Ciphers up to TLS 1.2, in OpenSSL's words.", unset: "Node's" }),
    ciphers13: text({ meaning: 'Suites of TLS 1.3.', unset: "Node's" }),
    dhparam: file({ meaning: 'PEM file of Diffie-Hellman parameters.' }),
    alpn: list(word('the name of a protocol', { meaning: 'A protocol.' }), {
      meaning: 'Protocols offered by ALPN.',
      default: ['mqtt'],
    }),
    pskFile: file({
      meaning: 'File of `identity:hexkey` lines: TLS-PSK instead of certificates.',
    }),
    pskHint: text({ meaning: 'Hint sent to TLS-PSK clients.' }),
  },
)

type Keys<K extends keyof ListenerConfig> = Pick<Shape<ListenerConfig>, K>

export const LISTENER: z.ZodType<ListenerConfig> = object<ListenerConfig>(
  { meaning: 'A place where clients connect.' },
  { ...place(), ...webSocket(), ...limits(), ...clients() },
)

function place(): Keys<
  'name' | 'type' | 'host' | 'port' | 'socket' | 'socketMode' | 'interface' | 'family' | 'noDelay'
> {
  return {
    type: needed(oneOf(['mqtt', 'ws'], { meaning: 'MQTT by itself, or over WebSocket.' })),
    name: word('a name', { meaning: 'What logs and metrics call it.', unset: '`type-port`' }),
    host: word('an address or host name', {
      meaning: 'Address to bind; `*` = every address of the machine.',
      default: '*',
    }),
    port: port({ meaning: 'Port to bind; 0 = any free one. Needed unless there is `socket`.' }),
    socket: file({ meaning: 'Path of a unix socket, instead of host and port.' }),
    socketMode: word(
      "octal permissions such as '0660'",
      { meaning: 'Permissions of that socket, octal.', example: '0660' },
      /^0?[0-7]{3}$/,
    ),
    interface: word('the name of a network interface', {
      meaning: 'Network interface to bind, such as `eth0` (Linux).',
    }),
    family: oneOf(['ipv4', 'ipv6'], {
      meaning: "Which of the machine's addresses `*` means.",
      unset: 'both',
    }),
    noDelay: boolean({ meaning: 'Sends small packets at once (TCP_NODELAY).', default: true }),
  }
}

function webSocket(): Keys<'path' | 'origins' | 'trustedProxies'> {
  return {
    path: word(
      'a path that begins with /, or *',
      { meaning: 'WebSocket only: path of the endpoint; `*` = every path.', default: '/mqtt' },
      /^(\/[^?#\s]*|\*)$/,
    ),
    origins: list(word('an origin such as https://example.org', { meaning: 'An origin.' }), {
      meaning: 'WebSocket only: origins let in, such as `https://example.org`.',
      unset: 'any',
    }),
    trustedProxies: list(addressRange({ meaning: 'An address or range.' }), {
      meaning: 'WebSocket only: addresses or ranges whose X-Forwarded-For is believed.',
      unset: 'none',
    }),
  }
}

function limits(): Keys<
  | 'connectionsMax'
  | 'qosMax'
  | 'versions'
  | 'topicAliasMaxIn'
  | 'topicAliasMaxOut'
  | 'rates'
  | 'mountPoint'
> {
  const aliases = { from: 0, to: 65_535, unset: GENERAL }
  return {
    mountPoint: text({
      meaning: 'Put before every topic of its clients, and taken off what they are sent.',
    }),
    connectionsMax: integer({
      from: 0,
      to: 0x7fffffff,
      default: DEFAULTS.connectionsMax,
      meaning: 'Connections at once here. 0 = no limit.',
    }),
    qosMax: oneOfNumbers([0, 1, 2], {
      meaning: 'Highest QoS accepted and granted here.',
      unset: GENERAL,
    }),
    versions: list(
      oneOf(['3.1', '3.1.1', '5.0'], { meaning: 'A version.' }),
      { meaning: 'Versions of the protocol spoken here.', default: ['3.1', '3.1.1', '5.0'] },
      1,
    ),
    topicAliasMaxIn: integer({
      ...aliases,
      meaning: 'Topic aliases a client may use towards the broker here.',
    }),
    topicAliasMaxOut: integer({
      ...aliases,
      meaning: 'Topic aliases used towards a client that allows them here.',
    }),
    rates: RATES,
  }
}

function clients(): Keys<
  | 'tls'
  | 'proxyProtocol'
  | 'proxyRequiresTls'
  | 'anonymous'
  | 'emptyClientIds'
  | 'clientIdPrefix'
  | 'usernameAsClientId'
  | 'authentication'
  | 'authorization'
> {
  return {
    tls: TLS,
    proxyProtocol: oneOf(['v1', 'v2', 'any'], {
      meaning: 'Expects a PROXY protocol header first and refuses connections without one.',
      unset: 'expects none',
    }),
    proxyRequiresTls: boolean({
      meaning: 'PROXY v2 only: refuses connections that did not come over TLS.',
      default: false,
    }),
    anonymous: boolean({
      meaning: 'Whether clients without user name are let in here.',
      unset: GENERAL,
    }),
    emptyClientIds: boolean({
      meaning: 'Whether a client may leave its identifier empty here.',
      unset: GENERAL,
    }),
    clientIdPrefix: text({
      meaning: 'What an identifier given by the broker begins with here.',
      unset: GENERAL,
    }),
    usernameAsClientId: boolean({
      meaning: 'Takes the user name for the client identifier.',
      default: false,
    }),
    authentication: AUTHENTICATION,
    authorization: AUTHORIZATION,
  }
}
