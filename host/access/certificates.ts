// Authentication by what TLS has proved already: a verified client certificate, or a PSK identity.
// What becomes the user name is the listener's to say (tls.usernameFrom); without that a client may
// say any of the names that are proved, or none.

import type { Applicant, ClientCertificate, Origin } from '../broker/access.ts'
import { type Authenticator, NOT_MINE, type Verdict } from './authenticator.ts'

export class Certificates implements Authenticator {
  readonly type = 'certificate'

  judge({ origin, username }: Applicant): Verdict {
    const names = provedBy(origin)
    if (names.length === 0) return NOT_MINE
    if (username === undefined) return { username: names[0] }
    // Another name has to be proved in another way.
    return names.includes(username) ? { username } : NOT_MINE
  }
}

function provedBy({ certificate, pskIdentity }: Origin): string[] {
  if (certificate === undefined) return pskIdentity === undefined ? [] : [pskIdentity]
  const { alternativeNames, commonName, subject } = certificate
  return commonName === undefined
    ? [subject, ...alternativeNames]
    : [commonName, subject, ...alternativeNames]
}

/** Which part of a certificate stands for a name. */
export type NameSource = 'commonName' | 'subject' | 'san'

/**
 * The applicant under the names its listener takes from its certificate or PSK identity; undefined
 * when it shows a certificate that lacks them: what it says itself must not take their place.
 */
export function renamed(
  applicant: Applicant,
  usernameFrom: NameSource | undefined,
  clientIdFrom: NameSource | undefined,
): Applicant | undefined {
  if (usernameFrom === undefined && clientIdFrom === undefined) return applicant
  const { certificate, pskIdentity } = applicant.origin
  const name = (source: NameSource | undefined): string | undefined => {
    if (source === undefined) return undefined
    return certificate === undefined ? pskIdentity : partOf(certificate, source)
  }
  const username = name(usernameFrom)
  const clientId = name(clientIdFrom)
  const isLacking =
    (usernameFrom !== undefined && !username) || (clientIdFrom !== undefined && !clientId)
  if (certificate !== undefined && isLacking) return undefined
  return {
    ...applicant,
    username: username ?? applicant.username,
    clientId: clientId ?? applicant.clientId,
  }
}

function partOf(certificate: ClientCertificate, source: NameSource): string | undefined {
  if (source === 'commonName') return certificate.commonName
  return source === 'subject' ? certificate.subject : certificate.alternativeNames[0]
}
