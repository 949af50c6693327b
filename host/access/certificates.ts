// Authentication by what TLS has proved already: a verified client certificate, or a PSK identity.
// What becomes the user name is the listener's to say (tls.usernameFrom).

import type { Applicant, ClientCertificate } from '../broker/access.ts'
import { type Authenticator, NOT_MINE, type Verdict } from './authenticator.ts'

export class Certificates implements Authenticator {
  readonly type = 'certificate'

  judge({ origin, username }: Applicant): Verdict {
    const isProved = origin.certificate !== undefined || origin.pskIdentity !== undefined
    return isProved ? { username } : NOT_MINE
  }
}

/** Which part of a certificate stands for a name. */
export type NameSource = 'commonName' | 'subject' | 'san'

/** The applicant under the names its listener takes from its certificate or PSK identity. */
export function renamed(
  applicant: Applicant,
  usernameFrom: NameSource | undefined,
  clientIdFrom: NameSource | undefined,
): Applicant {
  if (usernameFrom === undefined && clientIdFrom === undefined) return applicant
  const { certificate, pskIdentity } = applicant.origin
  const name = (source: NameSource | undefined): string | undefined => {
    if (source === undefined) return undefined
    return certificate === undefined ? pskIdentity : partOf(certificate, source)
  }
  const username = name(usernameFrom) ?? applicant.username
  const clientId = name(clientIdFrom) ?? applicant.clientId
  return { ...applicant, username, clientId }
}

function partOf(certificate: ClientCertificate, source: NameSource): string | undefined {
  if (source === 'commonName') return certificate.commonName
  return source === 'subject' ? certificate.subject : certificate.alternativeNames[0]
}
