/** The form that all static pods of a control plane share. */
import type { Pod } from '../../api/core/v1/pod.ts'
import type { Write } from '../../schema/schema.ts'
import type { ControlPlaneComponent } from '../config/types.ts'

export type StaticPod = Write<typeof Pod>

/** The static pods of a control plane node, in the order they are started. */
export const staticPods = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler'] as const
export type StaticPodName = (typeof staticPods)[number]

/** A path of the machine that a static pod sees at the same place. */
export interface HostPath {
  readonly name: string
  readonly path: string
  readonly type: 'File' | 'FileOrCreate' | 'DirectoryOrCreate'
  readonly writable?: boolean
}

/** Where a component tells how it is. */
export interface Health {
  readonly host: string
  readonly port: number
  readonly scheme: 'HTTP' | 'HTTPS'
  readonly live: string
  readonly ready?: string
  readonly start: string
}

export interface StaticPodOptions {
  readonly name: StaticPodName
  readonly image: string
  readonly command: readonly string[]
  readonly cpu: string
  readonly memory?: string
  readonly health: Health
  readonly hostPaths: readonly HostPath[]
  readonly annotations?: Readonly<Record<string, string>>
  readonly component?: ControlPlaneComponent
  /** Seconds that the component may take to come up. */
  readonly patience: number
}

/** The pod, as kubeadm would have written it. */
export function staticPod(options: StaticPodOptions): StaticPod {
  const { name, image, command, cpu, memory, health, annotations, component } = options
  const extra = component?.extraVolumes ?? []
  const volumes = [
    ...options.hostPaths.map(({ name, path, type }) => ({ name, hostPath: { path, type } })),
    ...extra.map(({ name, hostPath, pathType }) => ({
      name,
      hostPath: { path: hostPath, ...(pathType && { type: pathType }) },
    })),
  ]
  const volumeMounts = [
    ...options.hostPaths.map(({ name, path, writable }) => ({
      name,
      mountPath: path,
      ...(!writable && { readOnly: true }),
    })),
    ...extra.map(({ name, mountPath, readOnly }) => ({ name, mountPath, ...(readOnly && { readOnly }) })),
  ]
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'kube-system',
      labels: { component: name, tier: 'control-plane' },
      ...(annotations && { annotations }),
    },
    spec: {
      hostNetwork: true,
      priority: 2000001000,
      priorityClassName: 'system-node-critical',
      securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name,
          image,
          imagePullPolicy: 'IfNotPresent',
          command: [...command],
          ...(component?.extraEnvs?.length && { env: [...component.extraEnvs] }),
          resources: { requests: { cpu, ...(memory && { memory }) } },
          ...probes(health, options.patience),
          volumeMounts,
        },
      ],
      volumes,
    },
  } as StaticPod
}

/** kubeadm's figures, but for how soon they begin: what starts in a second need not be waited for ten. */
function probes({ host, port, scheme, live, ready, start }: Health, patience: number) {
  const get = (path: string) => ({ httpGet: { host, path, port, scheme } })
  const period = 10
  return {
    livenessProbe: {
      ...get(live),
      initialDelaySeconds: 10,
      periodSeconds: period,
      timeoutSeconds: 15,
      failureThreshold: 8,
    },
    ...(ready && {
      readinessProbe: { ...get(ready), periodSeconds: 1, timeoutSeconds: 15, failureThreshold: 3 },
    }),
    startupProbe: { ...get(start), periodSeconds: 1, timeoutSeconds: 15, failureThreshold: Math.max(24, patience) },
  }
}
