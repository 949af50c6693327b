// The step `device` of an authentication chain: devices with their secret, with the token that
// registration gave them, and those that come to be registered. A product key that is not in the
// registry is not its business. Wired by manager.ts; what happens to a device that is in, or what a
// registered one is told, is devices.ts's.

import { createHash, timingSafeEqual } from 'node:crypto'
import { REASON_NOT_AUTHORIZED } from '../../../assembly/codes.ts'
import type { Applicant, Refusal } from '../../broker/access.ts'
import type { AuthenticationStep } from '../../config/config.ts'
import { type Authenticator, type Identity, NOT_MINE, type Verdict } from '../authenticator.ts'
import type { Devices } from './devices.ts'
import { type Device, type DeviceName, sessionIdOf } from './model.ts'
import { register, type Secrets } from './registration.ts'
import { attributesOf, DeviceJudge } from './topics.ts'
import {
  connectContent,
  type Extended,
  isSignature,
  parseClientId,
  parseUsername,
  registerContent,
  sign,
} from './triple.ts'

export type DeviceStep = Extract<AuthenticationStep, { type: 'device' }>

const NO: Refusal = { refused: REASON_NOT_AUTHORIZED }
/** Signed with for names that do not exist, so that they take as long. */
const NO_SECRET = 'x'.repeat(32)

export class DeviceAuthenticator implements Authenticator {
  readonly type = 'device'
  private readonly devices: Devices
  private readonly step: DeviceStep
  private readonly now: () => number

  /** @param now milliseconds since the epoch */
  constructor(devices: Devices, step: DeviceStep, now: () => number) {
    this.devices = devices
    this.step = step
    this.now = now
  }

  judge(applicant: Applicant): Verdict | Promise<Verdict> {
    const name = parseUsername(applicant.username)
    if (name === undefined) return NOT_MINE
    if (this.devices.registry.findProduct(name.productKey) === undefined) return NOT_MINE
    const said = parseClientId(applicant.clientId)
    if (said === undefined) return no('expected a client identifier like ID|securemode=2|')
    const type = said.values.get('authType')
    if (!this.fitsTransport(applicant, said)) return no('securemode does not fit the transport')
    if (type === 'register' || type === 'regnwl') {
      return this.isRegistrable(applicant, name, said) ? this.register(name, type) : NO
    }
    const device = this.devices.registry.findDevice(name)
    const isRight =
      type === 'connwl'
        ? hasToken(device, said, applicant.password)
        : this.hasSecret(device, name, said, applicant.password)
    if (!isRight || device === undefined || device.disabled) return NO
    return this.identify(applicant.username as string, device)
  }

  private identify(username: string, { deviceName, productKey }: Device): Identity {
    const { devices } = this
    const name = { productKey, deviceName }
    return {
      username,
      clientId: sessionIdOf(name),
      attributes: attributesOf(name),
      judges: [new DeviceJudge(name, (key) => devices.registry.findProduct(key))],
      presence: {
        entered: ({ origin }) => devices.entered(name, origin.address),
        left: () => devices.left(name),
      },
    }
  }

  private hasSecret(
    device: Device | undefined,
    name: DeviceName,
    said: Extended,
    password: Buffer | undefined,
  ): boolean {
    const secret = device?.deviceSecret ?? NO_SECRET
    const expected = sign(said.values.get('signmethod'), secret, connectContent(name, said))
    return isSignature(expected, password) && this.isTimely(said.values.get('timestamp'))
  }

  private isTimely(timestamp: string | undefined): boolean {
    const { clockSkewSeconds } = this.step
    if (clockSkewSeconds === undefined) return true
    if (timestamp === undefined || !/^\d{1,15}$/.test(timestamp)) return false
    return Math.abs(Number(timestamp) - this.now()) <= clockSkewSeconds * 1000
  }

  /** 2 = TLS, 3 = none; those without a secret yet, and tokens, need TLS. */
  private fitsTransport({ origin }: Applicant, { values }: Extended): boolean {
    const mode = values.get('securemode')
    const type = values.get('authType')
    const isBare = type === 'connwl' || type === 'register' || type === 'regnwl'
    const isKnown = isBare
      ? mode === '2' || mode === '-2'
      : mode === undefined || mode === '2' || mode === '3'
    if (!isKnown) return false
    if (this.step.checkTransport === false) return true
    if (isBare) return origin.isSecure
    return mode === undefined || (mode === '2') === origin.isSecure
  }

  private isRegistrable(applicant: Applicant, name: DeviceName, { values }: Extended): boolean {
    const product = this.devices.registry.findProduct(name.productKey)
    const content = registerContent(name, values.get('random') ?? '')
    const secret = product?.productSecret ?? NO_SECRET
    const expected = sign(values.get('signmethod'), secret, content)
    return values.has('random') && isSignature(expected, applicant.password)
  }

  private async register(name: DeviceName, type: 'register' | 'regnwl'): Promise<Verdict> {
    let secrets: Secrets | undefined
    try {
      secrets = await register(this.devices.registry, name, type)
    } catch (error) {
      const facts = { ...name, error: (error as Error).message }
      this.devices.log?.('error', 'a device cannot be registered', facts)
    }
    return secrets === undefined ? NO : this.devices.registering(name, type, secrets, this.now())
  }
}

function hasToken(
  device: Device | undefined,
  { id }: Extended,
  password: Buffer | undefined,
): boolean {
  const { clientId = '', value = NO_SECRET } = device?.token ?? {}
  const isSame = timingSafeEqual(digest(password ?? ''), digest(value))
  return isSame && device?.token !== undefined && id === clientId
}

function digest(text: string | Buffer): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Says what is wrong with the form; never what the registry knows. */
function no(reasonString: string): Refusal {
  return { ...NO, reasonString }
}
