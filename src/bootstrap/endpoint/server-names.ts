/** The names that the API server of this machine answers to: its certificate, and those of others as seen from here. */
import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { checkServerIdentity, connect } from 'node:tls'
import { certificates } from '../../pki/certificates.ts'
import { loadAuthority } from '../../pki/ensure-pki.ts'
import type { PkiFiles } from '../../pki/files.ts'
import { issue } from '../../pki/issue.ts'
import { generateKey, privateKeyPem } from '../../pki/keys.ts'
import { alternativeNames } from '../../pki/names.ts'
import { algorithmOfKey, readCertificate } from '../../pki/read-certificate.ts'

/**
 * Makes sure that the API server's certificate has these names, beside those that it has; the server takes it up while it
 * runs. False when it had them all. Throws when the authority's key is elsewhere.
 */
export async function addServerNames(
  dir: string,
  names: readonly string[],
  { files, now, validity }: { readonly files: PkiFiles; readonly now: number; readonly validity: number },
): Promise<boolean> {
  const path = join(dir, 'apiserver')
  const held = await files.read(`${path}.crt`)
  if (held === undefined) throw new Error(`${path}.crt does not exist: this is no machine of the control plane`)
  const { subject, names: had, publicKey } = readCertificate(held, `${path}.crt`)
  const missing = names.filter(name => ![...had.dns, ...had.ip].includes(name))
  if (missing.length === 0) return false
  if ((await files.read(join(dir, 'ca.key'))) === undefined)
    throw new Error(
      `${path}.crt lacks ${missing.join(', ')}, and the key of its authority is kept elsewhere: have one made with the names (kobune certs generate-csr), and put it there`,
    )
  const by = await loadAuthority(dir, 'ca', files)
  const made = await generateKey(algorithmOfKey(publicKey))
  const certificate = issue(
    {
      subject,
      names: alternativeNames([...had.dns, ...had.ip, ...missing]),
      publicKey: made.publicKey,
      usages: certificates.find(({ name }) => name === 'apiserver')!.usages,
      notBefore: now - 300_000,
      notAfter: Math.min(now + validity, Date.parse(new X509Certificate(by.certificate).validTo)),
    },
    by,
  )
  await files.write(`${path}.key`, privateKeyPem(made.privateKey), 0o600)
  await files.write(`${path}.crt`, certificate, 0o644)
  return true
}

/** Milliseconds that a server may take to show its certificate. */
const patience = 5_000

/** Why the certificate that a server shows does not do for a name; undefined when it does. */
export function lacksName(
  at: { readonly host: string; readonly port: number },
  name: string,
  ca: string,
): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect(
      {
        ...at,
        ca,
        ...(isIP(name) === 0 && { servername: name }),
        checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
      },
      () => {
        socket.destroy()
        void resolve(undefined)
      },
    )
    socket.setTimeout(patience, () => socket.destroy(new Error('it does not answer')))
    socket.on('error', error => resolve(error.message))
  })
}
