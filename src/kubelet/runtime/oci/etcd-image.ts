/** The image of etcd, packed on this machine out of the etcd that is installed here: no registry is needed. */
import { join } from 'node:path'
import type { Host } from '../../../host/host.ts'
import { HostError } from '../../../host/host-error.ts'
import type { Cri } from '../../cri/cri.ts'
import { importImage } from './import.ts'
import { packImage } from './pack.ts'
import { programEntries } from './programs.ts'

/** The version of the etcd that is installed here, such as `3.4.23`. */
export async function installedEtcdVersion(host: Host): Promise<string> {
  const program = await host.processes.find('etcd')
  const { stdout } = program ? await host.processes.run(program, ['--version']) : { stdout: '' }
  const version = /^etcd Version: (\S+)/m.exec(stdout)?.[1]
  if (version) return version
  const message = program ? `it says ${stdout}` : 'it is not installed; try: apt-get install etcd-server'
  throw new HostError({ verb: 'find', target: 'etcd', code: 'ENOENT', message })
}

/** The name of the image of a version. */
export function etcdImageName(version: string, repository = 'kobune.io'): string {
  return `${repository}/etcd:${version}`
}

/** Makes sure that the runtime has an image of this name; `folder` is for the archive, which is removed again. */
export async function ensureEtcdImage(host: Host, cri: Cri, folder: string, name: string): Promise<void> {
  if (await cri.imageStatus(name)) return
  const version = await installedEtcdVersion(host)
  if (!name.endsWith(`:${version}`)) {
    const message = `etcd ${version} is installed here; import that image, or install that version of etcd-server`
    throw new HostError({ verb: 'pack', target: name, code: 'missing', message })
  }
  await host.files.makeDirectory(folder)
  const archive = join(folder, 'etcd.tar')
  try {
    const entries = await programEntries(host, [
      { program: 'etcd', at: '/usr/local/bin/etcd' },
      { program: 'etcdctl', at: '/usr/local/bin/etcdctl' },
    ])
    await packImage({ name, out: archive, entries, config: { Entrypoint: ['/usr/local/bin/etcd'] } })
    await importImage(host, cri.socket, archive)
  } finally {
    await host.files.remove(archive)
  }
}
