/** Where what a component of this machine says is found, whatever it runs as. */
import type { Host } from '../host/host.ts'
import { readControlPlaneProcesses } from './manifests/processes.ts'
import { type StaticPodName, staticPods } from './manifests/static-pod.ts'
import { paths } from './paths.ts'

const files = {
  server: paths.serverLog,
  agent: paths.agentLog,
  kubelet: paths.kubeletLog,
  containerd: paths.containerdLog,
} as const

/** Everything that says something: processes of the machine, and parts of its control plane. */
export const loggedComponents = [...(Object.keys(files) as (keyof typeof files)[]), ...staticPods] as const
export type LoggedComponent = (typeof loggedComponents)[number]

/** A file of lines, one that a container runtime writes, or a unit's lines in the journal. */
export type LogPlace =
  | { readonly file: string; readonly byRuntime?: boolean }
  | { readonly unit: string; readonly byRuntime?: undefined }

/** Undefined when there is none yet. */
export async function logOf(host: Host, component: LoggedComponent): Promise<LogPlace | undefined> {
  if (isPart(component)) {
    const processes = await readControlPlaneProcesses(host)
    if (!processes) return newestOfPod(host, component)
    const systemd = await host.systemd.running()
    if (processes.layout === 'systemd') return systemd ? { unit: `${component}.service` } : undefined
    return systemd ? { unit: 'kobune-control-plane.service' } : { file: paths.serverLog }
  }
  const file = files[component]
  return (await host.files.exists(file)) ? { file } : undefined
}

const isPart = (component: LoggedComponent): component is StaticPodName =>
  (staticPods as readonly string[]).includes(component)

/** Of the static pod's containers, the log of the one that was written last. */
async function newestOfPod(host: Host, name: StaticPodName): Promise<LogPlace | undefined> {
  let newest: { readonly file: string; readonly modified: number } | undefined
  for (const pod of await host.files.list(paths.podLogs)) {
    if (!pod.startsWith(`kube-system_${name}-`)) continue
    const folder = `${paths.podLogs}/${pod}/${name}`
    for (const log of await host.files.list(folder)) {
      const facts = /^\d+\.log$/.test(log) ? await host.files.facts(`${folder}/${log}`) : undefined
      if (facts && (!newest || facts.modified > newest.modified))
        newest = { file: `${folder}/${log}`, modified: facts.modified }
    }
  }
  return newest && { file: newest.file, byRuntime: true }
}
