/** `kobune datastore migrate --from sqlite:FILE --to https://...`: a SQLite store, or a snapshot of one, into an empty etcd. */
import type { Host } from '../../host/host.ts'
import { type Copied, copyStore, demandEmpty } from '../../storage/copy.ts'
import { etcdStorage } from '../../storage/etcd/etcd.ts'
import { readCurrent } from '../../storage/sqlite/read-current.ts'
import type { EtcdCredentials } from '../etcd-access.ts'

export interface CopyToEtcd {
  readonly host: Pick<Host, 'files'>
  readonly file: string
  readonly etcd: EtcdCredentials & { readonly endpoints: readonly string[] }
  readonly note: (text: string) => void
}

/** Milliseconds to reach a member. */
const patience = 10_000

/** The source is only read. Throws, with nothing written, when the target is not empty. */
export async function copyToEtcd({ host, file, etcd, note }: CopyToEtcd): Promise<Copied> {
  if (!(await host.files.exists(file))) throw new Error(`${file} does not exist`)
  const to = await etcdStorage({ ...etcd, patience })
  try {
    await demandEmpty(to)
    const { entries, revision } = readCurrent(file)
    return await copyStore({ entries, to, above: revision, note })
  } finally {
    await to.close()
  }
}
