/**
 * Leaf certificates that belong to another machine. Who copies the whole folder of certificates to a new machine of the
 * control plane, rather than the shared files alone, brings those of the first one: they name its host and address.
 */
import { join } from 'node:path'
import { certificates, type PkiConfig } from '../../pki/certificates.ts'
import { disk } from '../../pki/disk.ts'
import type { PkiFiles } from '../../pki/files.ts'
import { addressBytes, addressText } from '../../pki/names.ts'
import { readCertificate } from '../../pki/read-certificate.ts'

export interface ForeignFile {
  /** Without `.crt` and `.key`. */
  readonly path: string
  /** The names it is for. */
  readonly names: readonly string[]
  /** What it would have to be for on this machine. */
  readonly lacks: readonly string[]
}

/** The certificates of servers in `dir` that are not for this machine's name and address. */
export async function wrongLeafFiles(
  dir: string,
  config: Pick<PkiConfig, 'nodeName' | 'advertiseAddress'>,
  files: PkiFiles = disk,
): Promise<ForeignFile[]> {
  const servers = certificates.filter(({ by, names }) => by !== undefined && names !== undefined)
  const found = await Promise.all(
    servers.map(async ({ name }): Promise<ForeignFile[]> => {
      const path = join(dir, name)
      const pem = await files.read(`${path}.crt`)
      if (pem === undefined) return []
      const { dns, ip } = readCertificate(pem, `${path}.crt`).names
      const names = [...dns, ...ip]
      const lacks = [config.nodeName, plain(config.advertiseAddress)].filter(wanted => !names.includes(wanted))
      return lacks.length > 0 ? [{ path, names, lacks }] : []
    }),
  )
  return found.flat()
}

const plain = (address: string) => (address.includes(':') ? addressText(addressBytes(address)) : address)

/** What to say of one. */
export function foreignFileText({ path, names, lacks }: ForeignFile): string {
  const own = names.filter(name => !/^kubernetes(\.|$)|^localhost$|^127\.|^::1$/.test(name)).join(', ')
  return (
    `${path}.crt is for ${own}, not for ${lacks.join(' and ')}: it was copied from another machine. ` +
    `Remove ${path}.crt and ${path}.key; a new pair is made. Only the authorities and sa.key, sa.pub are to be copied`
  )
}
