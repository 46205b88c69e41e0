import type { KubernetesObject } from '../../api/group-version.ts'
import { isNotFound } from '../../machinery/status-error.ts'
import type { Answer, ApiRequest, Registry } from './api-request.ts'
import { deleteEntry, deleteOptions } from './delete.ts'
import { page } from './list.ts'

/** Deletions of one request that run at a time. */
const parallel = 8

/** DELETE of a collection: every object that the selectors choose, each as if deleted by itself. */
export async function deleteCollection(registry: Registry, request: ApiRequest): Promise<Answer> {
  const options = deleteOptions(request)
  const { entries, revision } = await page(request)
  const deleted: KubernetesObject[] = []
  const queue = entries.values()
  const work = async () => {
    for (const entry of queue) {
      const { name, namespace } = entry.object.metadata
      try {
        await deleteEntry(registry, { ...request, name, namespace: namespace || undefined }, options, entry)
        deleted.push(entry.object)
      } catch (error) {
        if (!isNotFound(error)) throw error
      }
    }
  }
  await Promise.all(Array.from({ length: parallel }, work))
  const { kind, apiVersion } = request.served.resource
  const metadata = { resourceVersion: String(revision) }
  return { type: 'object', code: 200, object: { kind: `${kind}List`, apiVersion, metadata, items: deleted } }
}
