import { collectBundle, placeBundle } from '../../bootstrap/certs/carry.ts'
import { foreignFileText, wrongLeafFiles } from '../../bootstrap/certs/foreign-files.ts'
import { openBundle, sealBundle } from '../../bootstrap/certs/sealed-bundle.ts'
import { machineFacts } from '../../bootstrap/config/facts.ts'
import { paths } from '../../bootstrap/paths.ts'
import { linuxHost } from '../../host/host.ts'
import type { Call } from '../command.ts'
import { readPassphrase } from '../passphrase.ts'
import { writeLine } from '../print.ts'
import { UserError } from '../user-error.ts'

const folder = ({ certDir }: Call['options']) => String(certDir ?? paths.pki)

/** `kobune certs export FILE` */
export async function exportCerts({ args, options }: Call): Promise<number> {
  const file = String(args[0])
  if (!options.force && (await linuxHost.files.exists(file)))
    throw new UserError(`${file} is there already`, { hint: `kobune certs export ${file} --force` })
  const bundle = await collectBundle(folder(options))
  const sealed = await sealBundle(bundle, await readPassphrase(options.passphraseFile, { twice: true }))
  await linuxHost.files.write(file, sealed, { mode: 0o600 })
  for (const path of Object.keys(bundle)) writeLine(`[export] ${path}`)
  writeLine(`[export] Wrote ${file}, locked with the passphrase; it opens everything in the cluster`)
  return 0
}

/** `kobune certs import FILE` */
export async function importCerts({ args, options }: Call): Promise<number> {
  const file = String(args[0])
  const facts = await linuxHost.files.facts(file)
  if (!facts) throw new UserError(`${file} does not exist`)
  if (facts.size > 2 << 20) throw new UserError(`${file} is too large for a file of kobune certs export`)
  const text = await linuxHost.files.read(file)
  const bundle = await openBundle(text, await readPassphrase(options.passphraseFile))
  const dir = folder(options)
  for (const { path, did } of await placeBundle(dir, bundle, { force: options.force === true }))
    writeLine(`[import] ${path} ${did === 'kept' ? 'is the same already' : did}`)
  for (const foreign of await wrongLeafFiles(dir, await machineFacts(linuxHost)))
    process.stderr.write(`[import] WARNING: ${foreignFileText(foreign)}\n`)
  return 0
}
