/** What the static pods of this machine say, as they are on its disk: the user may have changed them. */
import { parse } from 'yaml'
import type { Host } from '../../host/host.ts'
import { manifestFile } from '../phases/manifests.ts'
import type { StaticPodName } from './static-pod.ts'

/** The command line of a static pod; undefined where there is none. */
export async function writtenCommand(
  { files }: Pick<Host, 'files'>,
  name: StaticPodName,
): Promise<readonly string[] | undefined> {
  const text = await files.readIfThere(manifestFile(name))
  if (text === undefined) return undefined
  const pod = parse(text) as {
    readonly spec?: { readonly containers?: readonly { readonly command?: string[] }[] }
  } | null
  return pod?.spec?.containers?.[0]?.command ?? []
}
