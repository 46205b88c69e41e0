/** The static pods of API server, controller manager and scheduler: kubeadm's flags, mounts and probes. */
import { parseDuration } from '../../base/duration.ts'
import { kubernetesVersion } from '../../base/version.ts'
import { ownImageName } from '../../kubelet/runtime/oci/own-image.ts'
import type { ClusterConfiguration, LocalApiEndpoint, Timeouts } from '../config/types.ts'
import { hostPort } from '../node-context.ts'
import { paths } from '../paths.ts'
import { commandLine } from './arguments.ts'
import { type HostPath, type StaticPod, staticPod } from './static-pod.ts'

export interface ControlPlaneOptions {
  readonly cluster: ClusterConfiguration
  readonly endpoint: LocalApiEndpoint
  readonly timeouts: Pick<Timeouts, 'controlPlaneComponentHealthCheck'>
  /** Without the key of the authority nobody here can sign. */
  readonly externalCa?: boolean
}

export const advertiseAddressAnnotation = 'kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint'

/** The image of our own components of a version of Kubernetes, such as `v1.36.0+kobune-0.1.0`. */
export function componentImage({ imageRepository, kubernetesVersion: of }: ClusterConfiguration): string {
  const version = /kobune-(\S+)$/.exec(of)?.[1] ?? /kobune-(\S+)$/.exec(kubernetesVersion.gitVersion)![1]!
  return ownImageName(version).replace(/^[^/]+/, imageRepository)
}

/** Milliseconds. */
const year = 8760 * 3_600_000
const folder = (name: string, path: string): HostPath => ({ name, path, type: 'DirectoryOrCreate' })
const file = (path: string): HostPath => ({ name: 'kubeconfig', path, type: 'FileOrCreate' })

function patienceOf({ controlPlaneComponentHealthCheck: text }: ControlPlaneOptions['timeouts']): number {
  return Math.ceil((parseDuration(text) ?? 240_000) / 1000)
}

/** What component says where; exported for the layouts without pods. */
export function apiServerCommand({ cluster, endpoint }: ControlPlaneOptions): readonly string[] {
  const { certificatesDir: pki, etcd, networking, apiServer } = cluster
  const external = etcd.external
  const etcdFlags = external
    ? {
        'etcd-servers': external.endpoints.join(','),
        ...(external.caFile && { 'etcd-cafile': external.caFile }),
        ...(external.certFile && { 'etcd-certfile': external.certFile, 'etcd-keyfile': external.keyFile }),
      }
    : !etcd.local
      ? {}
      : {
          'etcd-servers': 'https://127.0.0.1:2379',
          'etcd-cafile': `${pki}/etcd/ca.crt`,
          'etcd-certfile': `${pki}/apiserver-etcd-client.crt`,
          'etcd-keyfile': `${pki}/apiserver-etcd-client.key`,
        }
  const ownAuthorization = apiServer.extraArgs?.some(argument => argument.name === 'authorization-config')
  const base = {
    'advertise-address': endpoint.advertiseAddress,
    'allow-privileged': 'true',
    'authorization-mode': ownAuthorization ? undefined : 'Node,RBAC',
    'client-ca-file': `${pki}/ca.crt`,
    'enable-admission-plugins': 'NodeRestriction',
    'enable-bootstrap-token-auth': 'true',
    ...etcdFlags,
    'kubelet-client-certificate': `${pki}/apiserver-kubelet-client.crt`,
    'kubelet-client-key': `${pki}/apiserver-kubelet-client.key`,
    'kubelet-preferred-address-types': 'InternalIP,ExternalIP,Hostname',
    'proxy-client-cert-file': `${pki}/front-proxy-client.crt`,
    'proxy-client-key-file': `${pki}/front-proxy-client.key`,
    'requestheader-allowed-names': 'front-proxy-client',
    'requestheader-client-ca-file': `${pki}/front-proxy-ca.crt`,
    'requestheader-extra-headers-prefix': 'X-Remote-Extra-',
    'requestheader-group-headers': 'X-Remote-Group',
    'requestheader-username-headers': 'X-Remote-User',
    'secure-port': String(endpoint.bindPort),
    'service-account-issuer': `https://kubernetes.default.svc.${networking.dnsDomain}`,
    'service-account-key-file': `${pki}/sa.pub`,
    'service-account-signing-key-file': `${pki}/sa.key`,
    'service-cluster-ip-range': networking.serviceSubnet,
    'tls-cert-file': `${pki}/apiserver.crt`,
    'tls-private-key-file': `${pki}/apiserver.key`,
  }
  return ['/kobune', 'kube-apiserver', ...commandLine(base, apiServer.extraArgs)]
}

export function controllerManagerCommand({ cluster, externalCa }: ControlPlaneOptions): readonly string[] {
  const { certificatesDir: pki, networking, controllerManager, clusterName } = cluster
  const conf = paths.controllerManagerConf
  const period = parseDuration(cluster.certificateValidityPeriod)
  const base = {
    'authentication-kubeconfig': conf,
    'authorization-kubeconfig': conf,
    'bind-address': '127.0.0.1',
    'client-ca-file': `${pki}/ca.crt`,
    'cluster-name': clusterName,
    'cluster-signing-cert-file': externalCa ? '' : `${pki}/ca.crt`,
    'cluster-signing-key-file': externalCa ? '' : `${pki}/ca.key`,
    // As long as the other certificates; upstream's default is a year.
    ...(period !== year && { 'cluster-signing-duration': cluster.certificateValidityPeriod }),
    controllers: '*,bootstrapsigner,tokencleaner',
    kubeconfig: conf,
    'leader-elect': 'true',
    'requestheader-client-ca-file': `${pki}/front-proxy-ca.crt`,
    'root-ca-file': `${pki}/ca.crt`,
    'service-account-private-key-file': `${pki}/sa.key`,
    'use-service-account-credentials': 'true',
    ...(networking.podSubnet && {
      'allocate-node-cidrs': 'true',
      'cluster-cidr': networking.podSubnet,
      'service-cluster-ip-range': networking.serviceSubnet,
    }),
  }
  return ['/kobune', 'kube-controller-manager', ...commandLine(base, controllerManager.extraArgs)]
}

export function schedulerCommand({ cluster }: ControlPlaneOptions): readonly string[] {
  const conf = paths.schedulerConf
  const base = {
    'authentication-kubeconfig': conf,
    'authorization-kubeconfig': conf,
    'bind-address': '127.0.0.1',
    kubeconfig: conf,
    'leader-elect': 'true',
  }
  return ['/kobune', 'kube-scheduler', ...commandLine(base, cluster.scheduler.extraArgs)]
}

/** The static pods of a control plane node but etcd, by name. */
export const controlPlanePods = {
  'kube-apiserver': (options: ControlPlaneOptions): StaticPod => {
    const { cluster, endpoint } = options
    const { external } = cluster.etcd
    const etcdFolders = [
      ...new Set(
        [external?.caFile, external?.certFile, external?.keyFile].flatMap(f => (f ? [f.replace(/\/[^/]+$/, '')] : [])),
      ),
    ]
      .filter(path => path !== cluster.certificatesDir && !path.startsWith(`${cluster.certificatesDir}/`))
      .map((path, i) => folder(`etcd-certs-${i}`, path))
    return staticPod({
      name: 'kube-apiserver',
      image: componentImage(cluster),
      command: apiServerCommand(options),
      cpu: '250m',
      health: {
        host: endpoint.advertiseAddress,
        port: endpoint.bindPort,
        scheme: 'HTTPS',
        live: '/livez',
        ready: '/readyz',
        start: '/livez',
      },
      hostPaths: [folder('k8s-certs', cluster.certificatesDir), ...etcdFolders],
      annotations: { [advertiseAddressAnnotation]: hostPort(endpoint.advertiseAddress, endpoint.bindPort) },
      component: cluster.apiServer,
      patience: patienceOf(options.timeouts),
    })
  },

  'kube-controller-manager': (options: ControlPlaneOptions): StaticPod =>
    staticPod({
      name: 'kube-controller-manager',
      image: componentImage(options.cluster),
      command: controllerManagerCommand(options),
      cpu: '200m',
      health: { host: '127.0.0.1', port: 10257, scheme: 'HTTPS', live: '/healthz', start: '/healthz' },
      hostPaths: [folder('k8s-certs', options.cluster.certificatesDir), file(paths.controllerManagerConf)],
      component: options.cluster.controllerManager,
      patience: patienceOf(options.timeouts),
    }),

  'kube-scheduler': (options: ControlPlaneOptions): StaticPod =>
    staticPod({
      name: 'kube-scheduler',
      image: componentImage(options.cluster),
      command: schedulerCommand(options),
      cpu: '100m',
      health: {
        host: '127.0.0.1',
        port: 10259,
        scheme: 'HTTPS',
        live: '/livez',
        ready: '/readyz',
        start: '/livez',
      },
      hostPaths: [file(paths.schedulerConf)],
      component: options.cluster.scheduler,
      patience: patienceOf(options.timeouts),
    }),
} as const
