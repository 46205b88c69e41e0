/** A serving certificate signed by its own key: nobody can check it, but there is TLS from the first moment on. */
import type { Files } from '../../host/files.ts'
import { issue } from '../../pki/issue.ts'
import { generateKey, privateKeyPem } from '../../pki/keys.ts'
import { alternativeNames } from '../../pki/names.ts'
import { type CertificatePair, pairFacts, sortedNames } from './pair.ts'

const year = 365 * 24 * 3_600_000
const month = year / 12

/** Makes one for these names, for a year. */
export async function selfSigned(nodeName: string, names: readonly string[], now: number): Promise<CertificatePair> {
  const { privateKey, publicKey } = await generateKey()
  const cert = issue(
    {
      subject: { commonName: `${nodeName}@${Math.floor(now / 1000)}` },
      publicKey,
      usages: ['digital signature', 'key encipherment', 'server auth'],
      names: alternativeNames(names),
      notBefore: now - 300_000,
      notAfter: now + year,
    },
    { own: privateKey },
  )
  return { cert, key: privateKeyPem(privateKey) }
}

/** The one in `kubelet.crt` and `kubelet.key`; made anew when its end is near or the names are others. */
export async function ensureSelfSigned(
  files: Files,
  folder: string,
  wanted: { readonly nodeName: string; readonly names: readonly string[]; readonly now: number },
): Promise<CertificatePair> {
  const at = { cert: `${folder}/kubelet.crt`, key: `${folder}/kubelet.key` }
  const [cert, key] = await Promise.all([files.readIfThere(at.cert), files.readIfThere(at.key)])
  const facts = cert && key ? pairFacts({ cert, key }) : undefined
  const fits = facts && facts.names.join() === sortedNames(wanted.names).join()
  if (fits && facts.notAfter > wanted.now + month) return { cert: cert!, key: key! }
  const made = await selfSigned(wanted.nodeName, wanted.names, wanted.now)
  await files.makeDirectory(folder, { mode: 0o700 })
  await files.write(at.key, made.key, { mode: 0o600 })
  await files.write(at.cert, made.cert)
  return made
}
