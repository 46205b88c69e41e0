/** The part of a node's agent that takes part in rotations of authorities: does each step, and says so on its Node. */
import { X509Certificate } from 'node:crypto'
import { dirname } from 'node:path'
import { type ConfigMap, configMaps } from '../api/core/v1/config-map.ts'
import { nodes } from '../api/core/v1/node.ts'
import { type Clock, delay } from '../base/clock.ts'
import { parseDuration } from '../base/duration.ts'
import { logger } from '../base/log.ts'
import { adminKubeconfigs, clientByKubeconfig } from '../bootstrap/client.ts'
import { paths } from '../bootstrap/paths.ts'
import { pkiFiles } from '../bootstrap/phases/certs.ts'
import { applyStep, type RotatingMachine } from '../bootstrap/rotation/apply-step.ts'
import { type Rotation, readRotation, rotationAnnotation, rotationKey } from '../bootstrap/rotation/state.ts'
import { stepText } from '../bootstrap/rotation/steps.ts'
import { storedCluster } from '../bootstrap/stored-cluster.ts'
import type { Client } from '../client/client.ts'
import { Informer } from '../client/informer.ts'
import type { Host } from '../host/host.ts'
import type { CertificatePair } from '../kubelet/certificates/pair.ts'
import type { KubeletConfiguration } from '../kubelet/configuration.ts'
import type { Stoppable } from './node-agent.ts'

export interface FollowRotationOptions {
  readonly host: Host
  readonly clock: Clock
  readonly client: Client
  readonly config: KubeletConfiguration
  readonly nodeName: string
  /** Certificates of the kubelet that the cluster signs. */
  readonly certificates: () => readonly CertificatePair[]
  /** From now on, those that this is true of are replaced. */
  readonly replaceWhen: (outdated: (pair: CertificatePair) => boolean) => void
  readonly renewTokens: () => void
}

interface Progress {
  readonly id: string
  /** The last step that is done. */
  readonly done: number
}

const log = logger('rotation')
const progressFile = `${paths.state}/ca-rotation.json`
const retryAfter = 3_000
const lookEvery = 200

/** Follows the rotations of the cluster until it is stopped. */
export function followRotation(options: FollowRotationOptions): Stoppable {
  const { host, clock, client, nodeName } = options
  const stop = new AbortController()
  const { signal } = stop
  let wanted: Rotation | undefined
  let working: Promise<void> | undefined

  async function progressOf({ id }: Rotation): Promise<number> {
    try {
      const progress = JSON.parse((await host.files.readIfThere(progressFile)) ?? '{}') as Partial<Progress>
      return progress.id === id && typeof progress.done === 'number' ? progress.done : -1
    } catch {
      return -1
    }
  }

  async function report(rotation: Rotation, done: number, problem?: string): Promise<void> {
    const text = [rotation.id, String(done), ...(problem === undefined ? [] : [problem.slice(0, 500)])].join(' ')
    await client.patch(nodes, { name: nodeName }, { metadata: { annotations: { [rotationAnnotation]: text } } })
  }

  /** One step after the other until there is none that is wanted. */
  async function work(): Promise<void> {
    while (wanted && !signal.aborted) {
      const rotation = wanted
      const next = (await progressOf(rotation)) + 1
      if (next > rotation.at) {
        // Said again: the first time, the API server may have been away.
        await report(rotation, next - 1)
        if (wanted === rotation) return
        continue
      }
      try {
        const step = stepText(rotation.steps[next]!)
        await applyStep(machine(options, signal), rotation, next)
        await host.files.write(progressFile, JSON.stringify({ id: rotation.id, done: next } satisfies Progress))
        log.info({ rotation: rotation.id, step }, 'step done')
      } catch (error) {
        if (signal.aborted) return
        const problem = (error as Error).message
        log.warn({ rotation: rotation.id, error: problem }, 'a step of the rotation is not done yet; trying again')
        await report(rotation, next - 1, problem).catch(() => undefined)
        await delay(retryAfter, signal, clock).catch(() => undefined)
      }
    }
  }

  function look(): void {
    working ??= work()
      .catch(async (error: Error) => {
        if (!signal.aborted) log.warn({ error: error.message }, 'what was done could not be told; trying again')
        await delay(retryAfter, signal, clock).catch(() => undefined)
        return true
      })
      .then(again => {
        working = undefined
        if (again && !signal.aborted) look()
      })
  }

  function seen(map: ConfigMap): void {
    try {
      wanted = readRotation(map)
      look()
    } catch (error) {
      log.warn({ error: (error as Error).message }, 'the rotation cannot be followed')
    }
  }

  const informer = new Informer(client, configMaps, {
    namespace: rotationKey.namespace,
    fieldSelector: `metadata.name=${rotationKey.name}`,
    clock,
  })
  informer.on({
    added: seen,
    updated: seen,
    deleted: () => {
      wanted = undefined
    },
  })
  informer.start()
  return {
    async stop() {
      stop.abort(new Error('the agent stops'))
      await informer.stop()
      await working
    },
  }
}

function machine(options: FollowRotationOptions, signal: AbortSignal): RotatingMachine {
  const { host, clock, client, config, nodeName } = options
  const clientCa = config.authentication.x509.clientCAFile
  return {
    host,
    files: pkiFiles(host),
    dir: clientCa ? dirname(clientCa) : paths.pki,
    kubernetesDir: paths.kubernetes,
    nodeName,
    now: () => clock.now(),
    signal,
    admin: () => clientByKubeconfig(host, ...adminKubeconfigs),
    validity: async () => parseDuration((await storedCluster(host, client)).certificateValidityPeriod),
    async replaceKubeletCertificates(former) {
      const { publicKey } = new X509Certificate(former)
      const outdated = ({ cert }: CertificatePair) => new X509Certificate(cert).verify(publicKey)
      options.replaceWhen(outdated)
      const end = clock.now() + 60_000
      while (options.certificates().some(outdated)) {
        if (clock.now() > end) throw new Error('the kubelet has no new certificate yet: look at "kubectl get csr"')
        await delay(lookEvery, signal, clock)
      }
    },
    renewTokens: async () => options.renewTokens(),
  }
}
