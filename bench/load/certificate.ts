// Makes the self-signed certificate of the TLS workloads (ECDSA P-256, one day) with openssl.
// Used by brokers.ts. Without openssl there is none, and the TLS workloads are skipped.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** Writes key.pem and cert.pem into the directory; false when it could not. */
export function createCertificate(directory: string): boolean {
  if (!directory) return false
  const result = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-keyout', join(directory, 'key.pem'), '-out', join(directory, 'cert.pem')],
    ...['-days', '1', '-subj', '/CN=127.0.0.1'],
  ])
  return result.status === 0
}
