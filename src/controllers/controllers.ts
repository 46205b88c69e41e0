/** All controllers of the control plane, and the order of their start does not matter. */
import type { Authority } from '../pki/issue.ts'
import type { Controller, ControllerContext } from '../reconcile/controller.ts'
import { bootstrapSigner } from './bootstrap-signer.ts'
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
import { type NodeIpamOptions, nodeIpamController } from './node-ipam.ts'
import { nodeLifecycleController } from './node-lifecycle.ts'
import { podGarbageCollector } from './pod-gc.ts'
import { replicaSetController, replicationController } from './replica-set.ts'
import { resourceQuotaController } from './resource-quota.ts'
import { type RenewedText, rootCaPublisher, serviceAccountController } from './service-account.ts'
import { statefulSetController } from './stateful-set.ts'
import { taintEvictionController } from './taint-eviction.ts'
import { tokenCleaner } from './token-cleaner.ts'
import { ttlAfterFinishedController } from './ttl-after-finished.ts'

export interface ControllersOptions {
  /** Signs certificate requests; without it they wait for somebody else. A function is asked each time (renewal). */
  readonly authority?: Authority | (() => Authority)
  /** The longest life of a signed certificate, milliseconds. Default a year. */
  readonly longestSigned?: number
  /** PEM of the authorities that pods trust for the API. */
  readonly rootCa?: string | RenewedText
  /** Networks that nodes get their pods' addresses from; none: somebody else gives them. */
  readonly clusterCidrs?: readonly string[]
  /** Prefix lengths of a node's part of them, by family. */
  readonly nodeMask?: NodeIpamOptions['nodeMask']
  /** Milliseconds of silence after which a node is unknown. */
  readonly nodeGracePeriod?: number
  readonly nodeMonitorPeriod?: number
  /** How many ended pods are kept. */
  readonly mostEndedPods?: number
}

/** The controllers that these options ask for. */
export function controllers(options: ControllersOptions): readonly Controller[] {
  const { authority, rootCa, clusterCidrs, longestSigned, nodeMask } = options
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
    nodeLifecycleController({ gracePeriod: options.nodeGracePeriod, monitorPeriod: options.nodeMonitorPeriod }),
    taintEvictionController(),
    podGarbageCollector(options.mostEndedPods),
    certificateApprover(),
    certificateCleaner(),
    bootstrapSigner(),
    tokenCleaner(),
    ...(rootCa ? [rootCaPublisher(rootCa)] : []),
    ...(authority ? [certificateSigner({ authority, longest: longestSigned })] : []),
    ...(clusterCidrs?.length ? [nodeIpamController({ clusterCidrs, ...(nodeMask && { nodeMask }) })] : []),
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
