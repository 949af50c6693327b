// Who decides what a client may do with a topic. Several are asked in turn; the first that has an
// opinion wins. Implemented by the ACL file, the rules of the configuration, devices, tokens and
// the HTTP hook; put in order by grant.ts.

import type { Origin } from '../broker/access.ts'

/** A client, as rules speak of it. */
export interface Subject {
  readonly clientId: string
  readonly username: string | undefined
  readonly origin: Origin
  readonly listener: string
  /** Values for `${…}`, by lower-case name; see Identity. */
  readonly attributes: Readonly<Record<string, string>>
}

/** undefined = no opinion. */
export type Opinion = 'allow' | 'deny' | undefined

export interface Judge {
  publish(subject: Subject, topic: string): Opinion | Promise<Opinion>
  /** @param filter without `$share/name/` */
  subscribe(subject: Subject, filter: string): Opinion | Promise<Opinion>
  /** Which of its rules refuses a topic or filter, in words; undefined = it does not. */
  explain?(subject: Subject, action: 'publish' | 'subscribe', topic: string): string | undefined
  /** Whether a message of a filter subscribed to may be delivered; absent = no opinion ever. */
  receive?(subject: Subject, topic: string): Opinion
}
