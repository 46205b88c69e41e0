/** All controllers of the control plane, and the order of their start does not matter. */
import type { Authority } from '../pki/issue.ts'
import type { Controller, ControllerContext } from '../reconcile/controller.ts'
import { certificateApprover } from './certificate-approval.ts'
import { certificateCleaner, certificateSigner } from './certificate-signing.ts'
import { cronJobController } from './cron-job.ts'
import { daemonSetController } from './daemon-set.ts'
import { deploymentController } from './deployment.ts'
import { disruptionController } from './disruption.ts'
import { endpointSliceController } from './endpoint-slice.ts'
import { endpointSliceMirroringController } from './endpoint-slice-mirroring.ts'
import { endpointsController } from './endpoints.ts'
import { garbageCollector } from './garbage-collector.ts'
import { jobController } from './job.ts'
import { namespaceController } from './namespace.ts'
import { nodeIpamController } from './node-ipam.ts'
import { nodeLifecycleController } from './node-lifecycle.ts'
import { podGarbageCollector } from './pod-gc.ts'
import { replicaSetController, replicationController } from './replica-set.ts'
import { resourceQuotaController } from './resource-quota.ts'
import { rootCaPublisher, serviceAccountController } from './service-account.ts'
import { statefulSetController } from './stateful-set.ts'
import { taintEvictionController } from './taint-eviction.ts'
import { ttlAfterFinishedController } from './ttl-after-finished.ts'

export interface ControllersOptions {
  /** Signs certificate requests; without it they wait for somebody else. */
  readonly authority?: Authority
  /** PEM of the authority that pods trust for the API. */
  readonly rootCa?: string
  /** Networks that nodes get their pods' addresses from; none: somebody else gives them. */
  readonly clusterCidrs?: readonly string[]
}

/** The controllers that these options ask for. */
export function controllers(options: ControllersOptions): readonly Controller[] {
  const { authority, rootCa, clusterCidrs } = options
  return [
    deploymentController(),
    replicaSetController(),
    replicationController(),
    statefulSetController(),
    jobController(),
    cronJobController(),
    ttlAfterFinishedController(),
    daemonSetController(),
    endpointsController(),
    endpointSliceController(),
    endpointSliceMirroringController(),
    disruptionController(),
    resourceQuotaController(),
    namespaceController(),
    serviceAccountController(),
    garbageCollector(),
    nodeLifecycleController(),
    taintEvictionController(),
    podGarbageCollector(),
    certificateApprover(),
    certificateCleaner(),
    ...(rootCa ? [rootCaPublisher(rootCa)] : []),
    ...(authority ? [certificateSigner({ authority })] : []),
    ...(clusterCidrs?.length ? [nodeIpamController({ clusterCidrs })] : []),
  ]
}

/** Starts controllers with a context of their own each (who they are to the API); stops them together. */
export function startControllers(
  all: readonly Controller[],
  contextOf: (name: string) => ControllerContext,
): { stop(): Promise<void> } {
  const running = all.map(controller => controller.start(contextOf(controller.name)))
  return {
    async stop() {
      await Promise.all(running.map(controller => controller.stop()))
    },
  }
}
