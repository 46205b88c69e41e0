/** Patches of users for what is generated: files `<target>[suffix][+type].<json|yaml>` in one folder, as kubeadm reads them. */
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { DaemonSet } from '../../api/apps/v1/daemon-set.ts'
import { Deployment } from '../../api/apps/v1/deployment.ts'
import { Pod } from '../../api/core/v1/pod.ts'
import type { Host } from '../../host/host.ts'
import { jsonPatch } from '../../machinery/json-patch.ts'
import { mergePatch } from '../../machinery/merge-patch.ts'
import { strategicMergePatch } from '../../machinery/strategic-merge-patch.ts'
import { type View, view } from '../../schema/view.ts'
import { staticPods } from './static-pod.ts'

/** What can be patched, and the kind by whose rules lists are merged; without one, as a JSON merge patch. */
const targets: Readonly<Record<string, (() => View) | undefined>> = {
  ...Object.fromEntries(staticPods.map(name => [name, () => view(Pod)])),
  kubeletconfiguration: undefined,
  corednsdeployment: () => view(Deployment),
  kubeproxydaemonset: () => view(DaemonSet),
}

export type PatchTarget =
  | (typeof staticPods)[number]
  | 'kubeletconfiguration'
  | 'corednsdeployment'
  | 'kubeproxydaemonset'

const patchTypes = ['strategic', 'merge', 'json'] as const
type PatchType = (typeof patchTypes)[number]

interface Patch {
  readonly file: string
  readonly target: string
  readonly type: PatchType
  readonly patch: unknown
}

/** Applies the patches of a folder that are for `target`, in the order of the files' names. */
export async function applyPatches<T>(
  host: Host,
  directory: string | undefined,
  target: PatchTarget,
  object: T,
): Promise<T> {
  if (!directory) return object
  let patched: unknown = object
  for (const { file, type, patch } of (await readPatches(host, directory)).filter(each => each.target === target)) {
    try {
      patched = apply(type, patched, patch, targets[target]?.())
    } catch (cause) {
      throw new Error(`${file}: this patch cannot be applied: ${(cause as Error).message}`, { cause })
    }
  }
  return patched as T
}

function apply(type: PatchType, object: unknown, patch: unknown, rules: View | undefined): unknown {
  if (type === 'json') return jsonPatch(object, patch)
  if (type === 'merge' || !rules) return mergePatch(object, patch)
  return strategicMergePatch(object, patch, rules)
}

async function readPatches(host: Host, directory: string): Promise<readonly Patch[]> {
  if (!(await host.files.exists(directory))) throw new Error(`the folder of patches ${directory} does not exist`)
  const names = (await host.files.list(directory)).filter(name => /\.(json|yaml)$/.test(name))
  const all = await Promise.all(
    names.map(async name => {
      const file = join(directory, name)
      const [, stem = '', type = 'strategic'] = /^([^+]*)(?:\+([^.]+))?\.[a-z]+$/.exec(name) ?? []
      const target = Object.keys(targets).find(each => stem.startsWith(each))
      if (!target) throw new Error(`${file}: the name begins with none of ${Object.keys(targets).join(', ')}`)
      if (!patchTypes.includes(type as PatchType)) {
        throw new Error(`${file}: ${JSON.stringify(type)} is no type of patch; choose from ${patchTypes.join(', ')}`)
      }
      const documents = parseAllDocuments(await host.files.read(file))
      return documents.map(document => {
        if (document.errors[0]) throw new Error(`${file}: ${document.errors[0].message}`)
        return { file, target, type: type as PatchType, patch: document.toJS({ maxAliasCount: 10 }) as unknown }
      })
    }),
  )
  return all.flat()
}
