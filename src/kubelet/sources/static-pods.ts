/** Pods out of manifest files in a folder, watched. */
import { createHash } from 'node:crypto'
import { type FSWatcher, watch } from 'node:fs'
import { Pod } from '../../api/core/v1/pod.ts'
import { type Clock, rfc3339 } from '../../base/clock.ts'
import { logger } from '../../base/log.ts'
import type { Host } from '../../host/host.ts'
import { fill } from '../../schema/fill.ts'
import { view } from '../../schema/view.ts'
import { configHashAnnotation, configSeenAnnotation, configSourceAnnotation } from '../labels.ts'

export interface StaticPodsOptions {
  readonly host: Host
  readonly clock: Clock
  readonly folder: string
  readonly nodeName: string
  readonly changed: (pods: readonly Pod[]) => void
}

const scanEvery = 20_000
/** Writers of files rename and write in steps: one look after the last of them. */
const settle = 50
const log = logger('kubelet')

/** Reads the folder now and whenever it changes; `first` resolves after the first reading. */
export function watchStaticPods(options: StaticPodsOptions): { readonly first: Promise<void>; stop(): void } {
  const { host, clock, folder, changed } = options
  const seenAt = new Map<string, string>()
  let shown: string | undefined
  let cancel = () => {}
  let stopped = false
  let watcher: FSWatcher | undefined

  async function scan(): Promise<void> {
    const pods: Pod[] = []
    for (const name of await host.files.list(folder)) {
      if (name.startsWith('.')) continue
      const file = `${folder}/${name}`
      try {
        const text = await host.files.readIfThere(file)
        const pod = text === undefined ? undefined : await readPod(text, options)
        if (!pod) continue
        const { uid } = pod.metadata
        const seen = seenAt.get(uid) ?? rfc3339(clock.now())
        seenAt.set(uid, seen)
        pods.push({
          ...pod,
          metadata: { ...pod.metadata, annotations: { ...pod.metadata.annotations, [configSeenAnnotation]: seen } },
        })
      } catch (error) {
        log.error({ file, error: String(error) }, 'this file is no static pod')
      }
    }
    const now = pods.map(p => p.metadata.uid).join()
    if (stopped || now === shown) return
    shown = now
    changed(pods)
  }

  function later(ms: number): void {
    cancel()
    if (!stopped) cancel = clock.after(ms, () => void run())
  }
  async function run(): Promise<void> {
    await scan().catch(error => log.warn({ folder, error: String(error) }, 'cannot read the static pods'))
    later(scanEvery)
  }

  const first = makeFolder(host, folder).then(() => {
    if (stopped) return
    watcher = watch(folder, () => later(settle))
    watcher.on('error', () => {})
    return run()
  })
  return {
    first,
    stop() {
      stopped = true
      cancel()
      watcher?.close()
    },
  }
}

/** One that is there keeps its mode, which may be stricter than ours. */
async function makeFolder({ files }: Host, folder: string): Promise<void> {
  if (!(await files.exists(folder))) await files.makeDirectory(folder)
}

/**
 * The UID, and hash, of a static pod: `manifest` is its file as parsed. Who replaces a file waits for it, with a kubelet of
 * another version: it must stay as it is.
 */
export function staticPodUid(nodeName: string, manifest: unknown): string {
  return createHash('md5').update(nodeName).update(JSON.stringify(manifest)).digest('hex')
}

/** A pod as the kubelet takes it out of a file: with its defaults, named after the node. Undefined for an empty file. */
async function readPod(text: string, { nodeName }: StaticPodsOptions): Promise<Pod | undefined> {
  const { parse } = await import('yaml')
  const read = parse(text) as {
    kind?: string
    metadata?: Record<string, unknown>
    spec?: Record<string, unknown>
  } | null
  if (!read) return undefined
  if (read.kind !== 'Pod') throw new Error(`it holds a ${read.kind}, not a Pod`)
  const hash = staticPodUid(nodeName, read)
  const { name, namespace = 'default', annotations = {}, labels } = read.metadata ?? {}
  if (typeof name !== 'string') throw new Error('the pod has no metadata.name')
  const tolerations = [...((read.spec?.tolerations as []) ?? []), { operator: 'Exists', effect: 'NoExecute' }]
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-${nodeName}`,
      namespace,
      uid: hash,
      labels,
      annotations: { ...(annotations as object), [configSourceAnnotation]: 'file', [configHashAnnotation]: hash },
      resourceVersion: '',
    },
    spec: { ...read.spec, nodeName, tolerations },
    status: {},
  }
  fill(view(Pod), pod)
  return pod as unknown as Pod
}
