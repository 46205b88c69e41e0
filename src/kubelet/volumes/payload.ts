/**
 * Files made of data, replaced all at once: the files live in a folder `..<time>`, the link `..data` points to it, and
 * what containers see are links through `..data`. A reader sees all old or all new files.
 */
import { randomBytes } from 'node:crypto'
import type { Host } from '../../host/host.ts'

export interface PayloadFile {
  readonly content: string | Uint8Array
  readonly mode: number
}
/** By path below the volume. */
export type Payload = ReadonlyMap<string, PayloadFile>

export interface PayloadOwner {
  readonly uid: number
  readonly gid: number
}

/** Makes the folder hold just this; answers whether something changed. */
export async function writePayload(
  host: Host,
  folder: string,
  payload: Payload,
  owner?: PayloadOwner,
): Promise<boolean> {
  const { files } = host
  const current = await files.readLink(`${folder}/..data`)
  if (current && (await holds(host, `${folder}/${current}`, payload))) return false
  const stamp = new Date().toISOString().slice(0, 19).replace('T', '_').replaceAll('-', '_').replaceAll(':', '_')
  const fresh = `..${stamp}.${randomBytes(4).readUInt32BE()}`
  await files.makeDirectory(`${folder}/${fresh}`)
  for (const [path, { content, mode }] of payload) {
    const at = `${folder}/${fresh}/${path}`
    await files.write(at, content, owner ? { mode, owner } : { mode })
  }
  await files.symlink(fresh, `${folder}/..data`)
  const visible = new Set([...payload.keys()].map(path => path.split('/')[0]!))
  for (const name of visible) {
    const target = `..data/${name}`
    if ((await files.readLink(`${folder}/${name}`)) !== target) await files.symlink(target, `${folder}/${name}`)
  }
  for (const name of await files.list(folder)) {
    const old = name.startsWith('..') ? name !== '..data' && name !== fresh : !visible.has(name)
    if (old) await files.remove(`${folder}/${name}`)
  }
  return true
}

async function holds({ files }: Host, folder: string, payload: Payload): Promise<boolean> {
  for (const [path, { content, mode }] of payload) {
    const facts = await files.facts(`${folder}/${path}`)
    if (facts?.type !== 'file' || facts.mode !== mode) return false
    const wanted = Buffer.from(content as Uint8Array)
    if (facts.size !== wanted.length || !wanted.equals(await files.readBytes(`${folder}/${path}`))) return false
  }
  return (await countFiles({ files }, folder)) === payload.size
}

async function countFiles(host: Pick<Host, 'files'>, folder: string): Promise<number> {
  let count = 0
  for (const name of await host.files.list(folder)) {
    const path = `${folder}/${name}`
    count += (await host.files.facts(path))?.type === 'directory' ? await countFiles(host, path) : 1
  }
  return count
}
