/** What the components of this machine's control plane are started with, as it is on its disk: the user may have changed it. */
import { parse } from 'yaml'
import type { Host } from '../../host/host.ts'
import { manifestFile } from '../phases/manifests.ts'
import { readControlPlaneProcesses } from './processes.ts'
import type { StaticPodName } from './static-pod.ts'

/** The command line of a static pod, or of a process in its place; undefined where there is none. */
export async function writtenCommand(
  { files }: Pick<Host, 'files'>,
  name: StaticPodName,
): Promise<readonly string[] | undefined> {
  const text = await files.readIfThere(manifestFile(name))
  if (text === undefined) return (await readControlPlaneProcesses({ files }))?.commands[name]
  const pod = parse(text) as {
    readonly spec?: { readonly containers?: readonly { readonly command?: string[] }[] }
  } | null
  return pod?.spec?.containers?.[0]?.command ?? []
}
