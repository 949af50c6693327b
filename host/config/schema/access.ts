// Who may connect and what they may do, as keys of a file: steps of authentication, rules of
// authorization, limits and rates. Contradictions between keys are found in contradictions.ts.

import * as z from 'zod'
import type {
  AuthenticationStep,
  AuthorizationConfig,
  HttpHookConfig,
  JwtConfig,
  LimitsConfig,
  RatesConfig,
  RuleConfig,
} from '../config.ts'
import {
  addressRange,
  boolean,
  constant,
  file,
  integer,
  list,
  names,
  needed,
  number,
  object,
  oneOf,
  type Shape,
  shared,
  text,
  url,
  word,
} from './kinds.ts'

const SECONDS_MAX = 0x7fffffff
const RATE_MAX: number = Number.MAX_SAFE_INTEGER

/** What stands in a topic of a rule for something of the client. */
export const PLACEHOLDERS: readonly string[] = [
  'username',
  'clientid',
  'productkey',
  'devicename',
  'commonname',
]
export const SECRET_ALGORITHMS: readonly string[] = ['HS256', 'HS384', 'HS512']
export const KEY_ALGORITHMS: readonly string[] = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
]

const HTTP_HOOK: Shape<HttpHookConfig> = {
  url: needed(url({ meaning: 'Where the question is sent, by POST as JSON.' })),
  headers: names({
    meaning: 'Further headers of the request, such as `Authorization`.',
    secret: true,
  }),
  timeoutMs: integer({
    from: 1,
    to: 600_000,
    unit: 'milliseconds',
    default: 5000,
    meaning: 'How long an answer is waited for; none in time means no.',
  }),
  cacheSeconds: integer({
    from: 0,
    to: SECONDS_MAX,
    unit: 'seconds',
    default: 60,
    meaning: 'How long an answer is remembered. 0 = not.',
  }),
}

const JWT: Shape<JwtConfig> = {
  secret: word('a string that is not empty', {
    meaning: 'Shared secret of HS256, HS384 and HS512. Better in a file or the environment.',
    secret: true,
  }),
  secretFile: file({ meaning: 'File that holds the shared secret.' }),
  publicKeyFile: file({ meaning: 'PEM file of the public key.' }),
  jwksFile: file({ meaning: 'File that holds a set of keys (JWKS).' }),
  jwksUrl: url({ meaning: 'Where a set of keys (JWKS) is fetched.' }),
  algorithms: list(
    oneOf([...SECRET_ALGORITHMS, ...KEY_ALGORITHMS], { meaning: 'An algorithm of JWA.' }),
    { meaning: 'Signatures accepted.', unset: 'those that fit the keys' },
    1,
  ),
  issuer: text({ meaning: 'What the claim `iss` must be.' }),
  audience: text({ meaning: 'What the claim `aud` must be or hold.' }),
  from: oneOf(['username', 'password'], {
    meaning: 'Field of CONNECT that carries the token.',
    default: 'password',
  }),
  usernameClaim: text({
    meaning: 'Claim that must equal the user name, if there is one, or else becomes it.',
    unset: '`sub` becomes it',
  }),
  clientIdClaim: text({ meaning: 'Claim that must equal the client identifier.' }),
  rulesClaim: text({ meaning: 'Claim that holds rules of authorization.', default: 'acl' }),
  clockToleranceSeconds: integer({
    from: 0,
    to: 86_400,
    unit: 'seconds',
    default: 0,
    meaning: 'How far the clocks of issuer and broker may differ.',
  }),
}

type Step<T extends AuthenticationStep['type']> = Extract<AuthenticationStep, { type: T }>

const STEPS: { [T in AuthenticationStep['type']]: z.ZodType<Step<T>> } = {
  'password-file': object<Step<'password-file'>>(
    { meaning: 'User names and passwords of a file.' },
    {
      type: needed(constant('password-file', { meaning: 'A file of user names and passwords.' })),
      file: needed(file({ meaning: "A file in the format of Mosquitto's `password_file`." })),
    },
  ),
  jwt: object<Step<'jwt'>>(
    { meaning: 'A signed token; exactly one source of keys.' },
    { type: needed(constant('jwt', { meaning: 'A signed token (JWT).' })), ...JWT },
  ),
  http: object<Step<'http'>>(
    { meaning: 'A question to a web service.' },
    { type: needed(constant('http', { meaning: 'A question to a web service.' })), ...HTTP_HOOK },
  ),
  certificate: object<Step<'certificate'>>(
    { meaning: 'A verified client certificate is enough.' },
    {
      type: needed(
        constant('certificate', {
          meaning:
            'A verified client certificate is enough; see `tls.clientCertificate`, `tls.usernameFrom`.',
        }),
      ),
    },
  ),
  device: object<Step<'device'>>(
    { meaning: 'ProductKey, DeviceName and DeviceSecret of the device registry.' },
    {
      type: needed(
        constant('device', {
          meaning: 'ProductKey, DeviceName and DeviceSecret of the device registry.',
        }),
      ),
      clockSkewSeconds: integer({
        from: 0,
        to: SECONDS_MAX,
        unit: 'seconds',
        meaning: "How far a device's timestamp may be off.",
        unset: 'not checked',
      }),
      checkTransport: boolean({
        meaning: 'Whether `securemode` must fit the transport, and registration needs TLS.',
        unset: 'true',
      }),
    },
  ),
  scram: object<Step<'scram'>>(
    { meaning: 'MQTT 5 enhanced authentication.' },
    {
      type: needed(constant('scram', { meaning: 'MQTT 5 enhanced authentication (SCRAM).' })),
      file: needed(file({ meaning: 'File of the credentials.' })),
      iterations: integer({
        from: 4096,
        to: 10_000_000,
        meaning: 'Rounds of the hash, announced for user names that do not exist.',
        unset: 'those of the file',
      }),
    },
  ),
}

export const AUTHENTICATION: z.ZodType<AuthenticationStep[]> = shared(
  'authentication',
  list(
    z.discriminatedUnion(
      'type',
      Object.values(STEPS) as never,
      Object.keys(STEPS)
        .map((type) => JSON.stringify(type))
        .join(' or '),
    ) as unknown as z.ZodType<AuthenticationStep>,
    {
      meaning:
        "Steps tried in this order until one answers yes or no; a listener's own replace the general ones.",
      unset: 'none',
    },
  ),
)

const PLACEHOLDER = PLACEHOLDERS.join('|')
const TOPIC = new RegExp(`^(?:[^$]|\\$(?!\\{)|\\$\\{(?:${PLACEHOLDER})\\})+$`)
const TOPIC_EXPECTED = `a filter; of \${...} it knows ${PLACEHOLDERS.join(', ')}`

const RULE: z.ZodType<RuleConfig> = object<RuleConfig>(
  { meaning: 'Who may or may not do what where.' },
  {
    effect: needed(oneOf(['allow', 'deny'], { meaning: 'What follows when the rule matches.' })),
    action: needed(oneOf(['publish', 'subscribe', 'both'], { meaning: 'What it is about.' })),
    topics: needed(
      list(
        word(TOPIC_EXPECTED, { meaning: 'A filter.' }, TOPIC),
        {
          meaning: `Filters; ${PLACEHOLDERS.map((name) => `\`\${${name}}\``).join(', ')} stand for whole levels.`,
        },
        1,
      ),
    ),
    username: text({ meaning: 'Only this user name; `*` stands for any characters.' }),
    clientId: text({ meaning: 'Only this client identifier; `*` stands for any characters.' }),
    address: addressRange({ meaning: 'Only from this address or range.', example: '10.0.0.0/8' }),
    commonName: text({ meaning: "Only with this common name in the client's certificate." }),
    anonymous: boolean({ meaning: 'Only clients without (true) or with (false) a user name.' }),
  },
)

export const AUTHORIZATION: z.ZodType<AuthorizationConfig> = shared(
  'authorization',
  object<AuthorizationConfig>(
    {
      meaning: "What clients may do; a listener's own replaces the general one.",
      unset: 'everything',
    },
    {
      aclFile: file({ meaning: "A file in the format of Mosquitto's `acl_file`." }),
      rules: list(RULE, { meaning: 'The first rule that matches decides; none = denied.' }),
      http: shared(
        'http',
        object<HttpHookConfig>({ meaning: 'Asked for what no rule decides.' }, HTTP_HOOK),
      ),
    },
  ),
)

export const RATES: z.ZodType<RatesConfig> = shared(
  'rates',
  object<RatesConfig>(
    { meaning: "What one connection may send; a listener's over those of `limits`." },
    {
      messagesPerSecond: number({
        from: 0,
        to: RATE_MAX,
        meaning: 'Publications a second. 0 = no limit.',
        default: 0,
      }),
      bytesPerSecond: number({
        from: 0,
        to: RATE_MAX,
        meaning: 'Bytes a second. 0 = no limit.',
        default: 0,
      }),
      burstSeconds: number({
        from: 0,
        to: 3600,
        unit: 'seconds',
        default: 1,
        meaning: 'How much of the rate may be used at once.',
      }),
      over: oneOf(['throttle', 'disconnect'], {
        meaning: 'Read no further until the rate allows it, or end the connection with 0x96.',
        default: 'throttle',
      }),
    },
  ),
)

const count = (meaning: string): z.ZodType<number> =>
  integer({ from: 1, to: SECONDS_MAX, meaning, unset: 'no limit' })
const seconds = (meaning: string): z.ZodType<number> =>
  integer({ from: 1, to: SECONDS_MAX, unit: 'seconds', meaning })

export const LIMITS: z.ZodType<LimitsConfig> = object<LimitsConfig>(
  { meaning: 'Protection against too many connections and too much traffic.', unset: 'none' },
  {
    connectionsPerAddress: count('Connections at once from one address.'),
    connectionsPerUser: count('Connections at once of one user name.'),
    connectRate: count('CONNECTs a second, of all clients together.'),
    connectRatePerAddress: count('CONNECTs a second from one address.'),
    rates: RATES,
    flapping: object<NonNullable<LimitsConfig['flapping']>>(
      { meaning: 'Bans clients that connect again and again.', unset: 'off' },
      {
        connects: needed(integer({ from: 2, to: SECONDS_MAX, meaning: 'This many connects …' })),
        withinSeconds: needed(seconds('… within this time …')),
        banSeconds: needed(seconds('… ban a client for this long.')),
      },
    ),
  },
)
