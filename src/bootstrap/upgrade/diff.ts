import { unifiedDiff } from '../../base/unified-diff.ts'
import { manifestFile } from '../phases/manifests.ts'
import type { ControlPlaneUpgrade } from './context.ts'
import { newManifest, ownStaticPods } from './manifests.ts'

/** What an upgrade would change in the manifests of this machine; empty where nothing. */
export async function manifestDiffs(context: ControlPlaneUpgrade, contextLines: number): Promise<string> {
  const diffs: string[] = []
  for (const name of await ownStaticPods(context)) {
    const file = manifestFile(name)
    const before = (await context.host.files.readIfThere(file)) ?? ''
    const after = await newManifest(context, name)
    diffs.push(unifiedDiff(before, after, { from: file, to: 'new manifest', context: contextLines }))
  }
  return diffs.filter(Boolean).join('\n')
}
