/** Does the deeds of a plan. */
import { CriError } from '../cri/cri-error.ts'
import type { PodSandboxConfig } from '../cri/types.ts'
import { VolumeError } from '../volumes/volume-error.ts'
import type { PodDeps } from './deps.ts'
import { podDns } from './dns.ts'
import { killContainer } from './kill-container.ts'
import type { Deed } from './plan.ts'
import { podCgroup, podLimits } from './resources.ts'
import type { RuntimePod } from './runtime-pod.ts'
import { sandboxConfig } from './sandbox-config.ts'
import { startContainer } from './start-container.ts'
import type { Pod } from './types.ts'

/** The pod as a whole cannot go on now; tried again later. Its event has been told. */
export class PodError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'PodError'
  }
}

export interface RunInput {
  readonly pod: Pod
  readonly runtime: RuntimePod
  readonly signal: AbortSignal
  readonly started: () => void
}

/** Groups, folders and volumes, before anything of the pod runs. Answers where the volumes are. */
export async function preparePod(deps: PodDeps, pod: Pod): Promise<ReadonlyMap<string, string>> {
  const { uid } = pod.metadata
  await deps.cgroups.create(podCgroup(pod, deps.cgroupRoot), podLimits(pod, deps.podPidsLimit))
  await deps.host.files.makeDirectory(deps.paths.pod(uid), { mode: 0o750 })
  await deps.host.files.makeDirectory(deps.paths.logs(pod.metadata))
  try {
    return await deps.volumes.setUp(pod)
  } catch (error) {
    if (!(error instanceof VolumeError)) throw error
    deps.event(pod, 'Warning', 'FailedMount', error.message)
    throw new PodError(error.message, error)
  }
}

/** One deed. Throws StartError or PodError when it could not be done. */
export async function doDeed(
  deps: PodDeps,
  deed: Deed,
  input: RunInput & { readonly volumes: ReadonlyMap<string, string> },
): Promise<void> {
  const { pod, runtime } = input
  switch (deed.do) {
    case 'create-sandbox':
      return createSandbox(deps, pod, deed.attempt)
    case 'stop-sandbox':
      deps.event(pod, 'Normal', 'SandboxChanged', 'Pod sandbox changed, it will be killed and re-created.')
      return deps.cri.stopPodSandbox(deed.id)
    case 'kill': {
      const grace = deed.grace ?? pod.spec.terminationGracePeriodSeconds
      return killContainer(deps, {
        pod,
        runtime,
        container: deed.container,
        grace,
        why: deed.why,
        signal: input.signal,
      })
    }
    case 'start': {
      const { declared, attempt } = deed
      const sandbox = runtime.sandboxes[0]!
      const config = configOf(deps, pod, sandbox.attempt)
      return startContainer(deps, { ...input, declared, attempt, sandbox, sandboxConfig: config })
    }
  }
}

async function createSandbox(deps: PodDeps, pod: Pod, attempt: number): Promise<void> {
  const problem = pod.spec.hostNetwork ? undefined : deps.networkProblem()
  if (problem) {
    deps.event(pod, 'Warning', 'NetworkNotReady', `network is not ready: ${problem}`)
    throw new PodError(problem)
  }
  const handler = await runtimeHandler(deps, pod)
  try {
    await deps.cri.runPodSandbox(configOf(deps, pod, attempt), handler ? { runtimeHandler: handler } : {})
  } catch (error) {
    const details =
      error instanceof CriError ? `rpc error: code = ${error.code} desc = ${error.details}` : String(error)
    const message = `Failed to create pod sandbox: ${details}`
    deps.event(pod, 'Warning', 'FailedCreatePodSandBox', message)
    throw new PodError(message, error)
  }
}

async function runtimeHandler(deps: PodDeps, pod: Pod): Promise<string> {
  const name = pod.spec.runtimeClassName
  if (!name) return ''
  const { runtimeClasses } = await import('../../api/node/v1/runtime-class.ts')
  const found = await deps.objects.get(pod.metadata.uid, runtimeClasses, '', name)
  if (found) return found.handler
  const message = `Failed to create pod sandbox: failed to get sandbox runtime: RuntimeClass "${name}" not found`
  deps.event(pod, 'Warning', 'FailedCreatePodSandBox', message)
  throw new PodError(message)
}

/** The same at each call, as the runtime wants it again for each container. */
function configOf(deps: PodDeps, pod: Pod, attempt: number): PodSandboxConfig {
  const resolvConf = deps.resolvConf()
  const { dns, fellBack } = podDns(pod, { ...deps.dns, resolvConf })
  if (fellBack) {
    const text =
      'kubelet does not have ClusterDNS IP configured and cannot create Pod using "ClusterFirst" policy. Falling back to "Default" policy.'
    deps.event(pod, 'Warning', 'MissingClusterDNS', text)
  }
  return sandboxConfig(pod, {
    ...deps.security,
    attempt,
    dns,
    clusterDomain: deps.dns.clusterDomain,
    logDirectory: deps.paths.logs(pod.metadata),
    cgroupParent: deps.cgroups.parent(podCgroup(pod, deps.cgroupRoot)),
  })
}
