// What the broker asks of whoever decides who may connect and what they may do. The contract only:
// host/access implements it, the library's hooks do too. Without one, everybody may do everything.
//
//   CONNECT --admit--> Grant  the client is let in; its grant is asked about every topic
//                   \-> Refusal
//   CONNECT with an authentication method --exchange--> step, step, … --> Grant or Refusal

import type { Properties } from '../protocol/packets.ts'

/** What is known of a connection before it says anything. */
export interface Origin {
  /** `mqtt`, `mqtts`, `ws`, `wss`, `unix`. */
  readonly scheme: string
  /** Address of the client, without port; `''` on a unix socket. */
  readonly address: string
  /** Whether it came over TLS, here or at the proxy in front. */
  readonly isSecure: boolean
  readonly certificate?: ClientCertificate | undefined
  readonly pskIdentity?: string | undefined
}

/** A client certificate that was verified. */
export interface ClientCertificate {
  readonly commonName: string | undefined
  /** RFC 2253, as OpenSSL prints it: `CN=…,OU=…`. */
  readonly subject: string
  /** DNS names, e-mail addresses and URIs. */
  readonly alternativeNames: readonly string[]
  /** SHA-256, hexadecimal. */
  readonly fingerprint: string
}

/** A client that asks to be let in. */
export interface Applicant {
  /** As sent; `''` when it is to be given one. */
  readonly clientId: string
  readonly username: string | undefined
  readonly password: Buffer | undefined
  /** 3, 4 or 5. */
  readonly version: number
  readonly keepAlive: number
  readonly cleanStart: boolean
  readonly properties: Properties
  /** Topic of the will, if there is one. */
  readonly willTopic: string | undefined
  readonly origin: Origin
  /** Set when it authenticates again on its living connection. */
  readonly isConnected?: boolean
  /** Name of the listener. */
  readonly listener: string
}

export interface Refusal {
  /** Reason code, 0x80 and above. */
  readonly refused: number
  /** For the client, MQTT 5; says nothing of what exists. */
  readonly reasonString?: string
}

/**
 * What one client may do, made when it is let in. Answers are remembered by the broker until
 * `revision` changes; topics are as the client says them, without mount point.
 */
export interface Grant {
  /** Under which rules and logs know it. */
  readonly username: string | undefined
  /** Identifier to use in place of the one sent. */
  readonly clientId?: string | undefined
  /** When the grant ends and the client with it, milliseconds since the epoch. */
  readonly expiresAt?: number | undefined
  /** Whether the session ends with the connection, whatever the client asks for. */
  readonly isTemporary?: boolean
  /** Whether `receive` must be asked at all. */
  readonly checksReceive: boolean
  /** Whether `publish` must be asked at all. */
  readonly checksPublish: boolean
  /** Changes when answers given before may have become wrong. */
  readonly revision: number
  /** @returns 0, or the reason why not */
  publish(topic: string): Answer
  /** @param filter with `$share/name/` if it has it */
  subscribe(filter: string): Answer
  /** Whether a message of `topic` may be delivered. */
  receive(topic: string): boolean
  /** Which rule refuses, for the log. */
  explain?(action: 'publish' | 'subscribe', topic: string): string | undefined
}

/** 0 = yes, else a reason code; a promise stops the client's packets until it is there. */
export type Answer = number | Promise<number>

export type Admission = Grant | Refusal

/** One enhanced authentication. MQTT 5.0 section 4.12. */
export interface Exchange {
  /** @param data of CONNECT or AUTH; undefined = it had none */
  step(data: Buffer | undefined): Step | Promise<Step>
}

export type Step =
  | { readonly next: Buffer }
  /** @param data goes into CONNACK, or into the last AUTH of a re-authentication */
  | { readonly admission: Admission; readonly data?: Buffer }

export interface Access {
  /** Never rejects: what goes wrong is a refusal. */
  admit(applicant: Applicant): Admission | Promise<Admission>
  /** @returns undefined when the method is not known here */
  exchange(method: string, applicant: Applicant): Exchange | undefined
  /** An admitted client is connected. */
  entered?(applicant: Applicant, grant: Grant): void
  /** The connection of such a client is over. */
  left?(applicant: Applicant, grant: Grant): void
}

/** Who may knock at all: asked about each connection before a byte of it is read. */
export interface Guard {
  accepts(address: string): boolean
  /** A connection that was accepted is over. */
  gone(address: string): void
}

/** Of what was allowed before: whoever takes time to say whether it still is has not taken it back. */
export function isStillAllowed(answer: Answer): boolean {
  if (typeof answer === 'number') return answer === 0
  answer.catch(() => undefined)
  return true
}

export function isRefusal(admission: Admission): admission is Refusal {
  return 'refused' in admission
}
