/** Makes and starts one container; what goes wrong becomes a StartError with the reason its status shows. */
import { randomBytes } from 'node:crypto'
import { configMaps } from '../../api/core/v1/config-map.ts'
import { secrets } from '../../api/core/v1/secret.ts'
import { CriError } from '../cri/cri-error.ts'
import type { AuthConfig, Mount, PodSandboxConfig } from '../cri/types.ts'
import { ConfigError, containerEnv, type EnvSources } from '../env/container-env.ts'
import { serviceEnv } from '../env/service-env.ts'
import { credentialsFor } from '../image/credentials.ts'
import { ImageError } from '../image/image-error.ts'
import { volumeMounts } from '../volumes/mounts.ts'
import { containerConfig, messagePath } from './container-config.ts'
import type { PodDeps } from './deps.ts'
import { runHook } from './hooks.ts'
import { hostsFile } from './hosts-file.ts'
import { newest, type RuntimePod, type RuntimeSandbox } from './runtime-pod.ts'
import { rootRefusal } from './security.ts'
import type { Container, Declared, EphemeralContainer, Pod } from './types.ts'

export class StartError extends Error {
  readonly reason: string
  /** When to try again, milliseconds since the epoch; undefined: back off as usual. */
  readonly retryAt: number | undefined

  constructor(reason: string, message: string, retryAt?: number) {
    super(message)
    this.name = 'StartError'
    this.reason = reason
    this.retryAt = retryAt
  }
}

export interface StartInput {
  readonly pod: Pod
  readonly declared: Declared
  readonly attempt: number
  readonly runtime: RuntimePod
  readonly sandbox: RuntimeSandbox
  readonly sandboxConfig: PodSandboxConfig
  readonly volumes: ReadonlyMap<string, string>
  readonly signal: AbortSignal
  /** The container runs; its postStart hook may still be on its way. */
  readonly started: () => void
}

export async function startContainer(deps: PodDeps, input: StartInput): Promise<void> {
  const { pod, declared, sandbox, sandboxConfig, signal } = input
  const { container } = declared
  const event = (type: 'Normal' | 'Warning', reason: string, message: string) =>
    deps.event(pod, type, reason, message, container.name)
  const image = await deps.images
    .ensure({
      image: container.image ?? '',
      policy: container.imagePullPolicy ?? 'IfNotPresent',
      owner: pod.metadata.uid,
      event,
      credentials: () => pullCredentials(deps, pod, container.image ?? ''),
      signal,
    })
    .catch(error => {
      throw error instanceof ImageError ? new StartError(error.reason, error.message, error.retryAt) : error
    })
  signal.throwIfAborted()
  const config = await prepare(deps, input, image).catch(error => {
    event('Warning', 'Failed', `Error: ${error.message}`)
    throw new StartError('CreateContainerConfigError', error.message)
  })
  await deps.host.files.makeDirectory(`${deps.paths.logs(pod.metadata)}/${container.name}`)
  const id = await deps.cri
    .createContainer(sandbox.id, config, sandboxConfig)
    .catch(refused(event, 'CreateContainerError'))
  event('Normal', 'Created', `Created container: ${container.name}`)
  await deps.cri.startContainer(id).catch(refused(event, 'RunContainerError'))
  event('Normal', 'Started', `Started container ${container.name}`)
  input.started()
  const hook = container.lifecycle?.postStart
  if (!hook) return
  const target = { cri: deps.cri, container, containerId: id, ip: sandbox.ips[0] ?? deps.node.hostIps[0] ?? '' }
  await runHook(hook, { target, clock: deps.clock, signal }).catch(async error => {
    if (signal.aborted) throw error
    event('Warning', 'FailedPostStartHook', `PostStartHook failed: ${error.message}`)
    event('Normal', 'Killing', 'FailedPostStartHook')
    await deps.cri.stopContainer(id, pod.spec.terminationGracePeriodSeconds)
    throw new StartError('PostStartHookError', `PostStartHook failed: ${error.message}`)
  })
}

type Tell = (type: 'Normal' | 'Warning', reason: string, message: string) => void

function refused(event: Tell, reason: string): (error: unknown) => never {
  return error => {
    const message = error instanceof CriError ? error.details : String(error)
    event('Warning', 'Failed', `Error: ${message}`)
    throw new StartError(reason, message)
  }
}

type Image = Awaited<ReturnType<PodDeps['images']['ensure']>>

async function prepare(deps: PodDeps, input: StartInput, image: Image) {
  const { pod, declared, sandbox, runtime, volumes } = input
  const { container, kind } = declared
  const refusal = rootRefusal(pod, container, image.user)
  if (refusal) throw new ConfigError(refusal)
  const env = await environment(deps, input)
  const mounts = [
    ...(await volumeMounts({ host: deps.host, paths: deps.paths, pod, container, volumes, env })),
    ...(await ownMounts(deps, pod, container, sandbox)),
  ]
  const targetName = kind === 'ephemeral' ? (container as EphemeralContainer).targetContainerName : undefined
  return containerConfig(pod, declared, {
    ...deps.security,
    attempt: input.attempt,
    imageRef: image.ref,
    imageUser: image.user,
    env,
    mounts,
    memoryCapacity: deps.node.memoryCapacity,
    targetId: targetName && newest(runtime, targetName)?.id,
  })
}

async function environment(
  deps: PodDeps,
  { pod, declared, sandbox }: StartInput,
): Promise<ReadonlyMap<string, string>> {
  const { container } = declared
  const services = serviceEnv(await deps.services(pod), {
    namespace: pod.metadata.namespace,
    links: pod.spec.enableServiceLinks ?? true,
  })
  const podIps = pod.spec.hostNetwork ? deps.node.hostIps : sandbox.ips
  const { env, skipped } = await containerEnv({
    pod,
    container,
    services,
    node: deps.node,
    podIps,
    sources: envSources(deps, pod),
  })
  if (skipped.length) {
    const text = `Keys [${skipped.join(', ')}] from the EnvFrom source were skipped since they are considered invalid environment variable names.`
    deps.event(pod, 'Warning', 'InvalidEnvironmentVariableNames', text, container.name)
  }
  return env
}

function envSources({ objects }: PodDeps, pod: Pod): EnvSources {
  const { uid, namespace } = pod.metadata
  return {
    configMap: async name => {
      const object = await objects.get(uid, configMaps, namespace, name)
      return object && (object.data ?? {})
    },
    secret: async name => {
      const object = await objects.get(uid, secrets, namespace, name)
      return object && decoded(object.data ?? {})
    },
  }
}

function decoded(data: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
}

async function pullCredentials({ objects }: PodDeps, pod: Pod, image: string): Promise<readonly AuthConfig[]> {
  const { uid, namespace } = pod.metadata
  const names = (pod.spec.imagePullSecrets ?? []).map(s => s.name ?? '').filter(name => name)
  // A missing pull secret is no error: the image may be public.
  const found = await Promise.all(names.map(name => objects.get(uid, secrets, namespace, name).catch(() => undefined)))
  return credentialsFor(
    image,
    found.map(s => decoded(s?.data ?? {})),
  )
}

/** The file for /etc/hosts, and the one for the container's last words. */
async function ownMounts(
  deps: PodDeps,
  pod: Pod,
  container: Container,
  sandbox: RuntimeSandbox,
): Promise<readonly Mount[]> {
  const { host, paths, dns } = deps
  const { uid } = pod.metadata
  const taken = new Set((container.volumeMounts ?? []).map(m => m.mountPath))
  const mounts: Mount[] = []
  if (!taken.has('/etc/hosts')) {
    const machine = pod.spec.hostNetwork ? ((await host.files.readIfThere('/etc/hosts')) ?? '') : ''
    const text = hostsFile(pod, { ips: sandbox.ips, clusterDomain: dns.clusterDomain, machine })
    const file = paths.hostsFile(uid)
    // Written in place: it is mounted already in containers that run.
    if ((await host.files.readIfThere(file)) !== text) await host.files.write(file, text)
    mounts.push({ containerPath: '/etc/hosts', hostPath: file })
  }
  const path = messagePath(container)
  if (path && !taken.has(path)) {
    const file = `${paths.container(uid, container.name)}/${randomBytes(4).toString('hex')}`
    // Whoever the container runs as shall be able to write it.
    await host.files.write(file, '', { mode: 0o666 })
    mounts.push({ containerPath: path, hostPath: file })
  }
  return mounts
}
