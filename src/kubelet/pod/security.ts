/** Security contexts of pods and containers as CRI takes them. */
import type { SELinuxOptions, SeccompProfile } from '../../api/core/v1/security-context.ts'
import type {
  ContainerSecurityContext,
  NamespaceMode,
  NamespaceOption,
  SandboxSecurityContext,
  SecurityProfile,
  SelinuxOption,
} from '../cri/types.ts'
import type { Container, Pod } from './types.ts'

/** Hidden and frozen parts of /proc and /sys, unless the container asks to see them. */
const maskedPaths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

export interface ImageUser {
  readonly uid: number | undefined
  readonly name: string
}

export interface SecurityOptions {
  /** Where Localhost seccomp profiles are. */
  readonly seccompRoot: string
  /** Whether this kernel has AppArmor: elsewhere any profile is an error of the runtime. */
  readonly appArmor: boolean
}

/** Which namespaces a pod's containers share with each other or the machine. */
export function namespaceOptions(pod: Pod, targetId?: string): NamespaceOption {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace } = pod.spec
  const mode = (node: boolean | undefined): NamespaceMode => (node ? 'NODE' : 'POD')
  const pid: NamespaceMode = hostPID ? 'NODE' : shareProcessNamespace ? 'POD' : targetId ? 'TARGET' : 'CONTAINER'
  return { network: mode(hostNetwork), ipc: mode(hostIPC), pid, ...(pid === 'TARGET' && { targetId: targetId! }) }
}

export function sandboxSecurity(pod: Pod, options: SecurityOptions): SandboxSecurityContext {
  const { securityContext, containers, initContainers = [] } = pod.spec
  const profile = seccomp(securityContext.seccompProfile, options)
  const groups = podGroups(pod)
  return {
    namespaceOptions: namespaceOptions(pod),
    privileged: [...containers, ...initContainers].some(c => c.securityContext?.privileged),
    ...selinuxOf(securityContext.seLinuxOptions),
    ...(groups.length && { supplementalGroups: groups }),
    ...groupsPolicy(pod),
    // The pause process itself always runs confined.
    seccomp: profile ?? { profileType: 'RuntimeDefault' },
  }
}

export function containerSecurity(
  pod: Pod,
  container: Container,
  options: SecurityOptions & { readonly targetId?: string | undefined; readonly imageUser: ImageUser },
): ContainerSecurityContext {
  const own = container.securityContext
  const ofPod = pod.spec.securityContext
  const privileged = own?.privileged ?? false
  const user = own?.runAsUser ?? ofPod.runAsUser
  const group = own?.runAsGroup ?? ofPod.runAsGroup
  const unmasked = privileged || own?.procMount === 'Unmasked'
  const groups = podGroups(pod)
  const profile = seccomp(own?.seccompProfile ?? ofPod.seccompProfile, options)
  const selinux = own?.seLinuxOptions ?? ofPod.seLinuxOptions
  const appArmor = own?.appArmorProfile ?? ofPod.appArmorProfile
  return {
    privileged,
    namespaceOptions: namespaceOptions(pod, options.targetId),
    capabilities: {
      addCapabilities: own?.capabilities?.add ?? [],
      dropCapabilities: own?.capabilities?.drop ?? [],
    },
    readonlyRootfs: own?.readOnlyRootFilesystem ?? false,
    noNewPrivs: own?.allowPrivilegeEscalation === false,
    ...userOf(user, options.imageUser),
    ...(group !== undefined && { runAsGroup: { value: group } }),
    ...(groups.length && { supplementalGroups: groups }),
    ...groupsPolicy(pod),
    ...selinuxOf(selinux),
    maskedPaths: unmasked ? [] : maskedPaths,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    seccomp: profile ?? { profileType: 'Unconfined' },
    ...(appArmor && options.appArmor && { apparmor: appArmorOf(appArmor) }),
  }
}

/** The image's user is given explicitly: with a group alone the runtime would refuse. */
function userOf(user: number | undefined, image: ImageUser): Partial<ContainerSecurityContext> {
  if (user !== undefined) return { runAsUser: { value: user } }
  if (image.uid !== undefined) return { runAsUser: { value: image.uid } }
  return image.name ? { runAsUsername: image.name } : {}
}

/** Why this container must not start as root; undefined when it may. */
export function rootRefusal(pod: Pod, container: Container, image: ImageUser): string | undefined {
  const own = container.securityContext
  const nonRoot = own?.runAsNonRoot ?? pod.spec.securityContext.runAsNonRoot
  if (!nonRoot) return undefined
  const user = own?.runAsUser ?? pod.spec.securityContext.runAsUser
  const where = `(pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${container.name})`
  if (user !== undefined) {
    return user === 0 ? `container's runAsUser breaks non-root policy ${where}` : undefined
  }
  if (image.name) {
    return `container has runAsNonRoot and image has non-numeric user (${image.name}), cannot verify user is non-root ${where}`
  }
  return (image.uid ?? 0) === 0 ? `container has runAsNonRoot and image will run as root ${where}` : undefined
}

function podGroups(pod: Pod): readonly number[] {
  const { fsGroup, supplementalGroups = [] } = pod.spec.securityContext
  return [...new Set([...(fsGroup === undefined ? [] : [fsGroup]), ...supplementalGroups])]
}

function groupsPolicy(pod: Pod): Pick<SandboxSecurityContext, 'supplementalGroupsPolicy'> {
  return pod.spec.securityContext.supplementalGroupsPolicy === 'Strict' ? { supplementalGroupsPolicy: 'Strict' } : {}
}

function selinuxOf(options: SELinuxOptions | undefined): Pick<SandboxSecurityContext, 'selinuxOptions'> {
  return options ? { selinuxOptions: JSON.parse(JSON.stringify(options)) as SelinuxOption } : {}
}

function seccomp(profile: SeccompProfile | undefined, { seccompRoot }: SecurityOptions): SecurityProfile | undefined {
  if (!profile) return undefined
  if (profile.type !== 'Localhost') return { profileType: profile.type as SecurityProfile['profileType'] }
  return { profileType: 'Localhost', localhostRef: `${seccompRoot}/${profile.localhostProfile}` }
}

function appArmorOf(profile: {
  readonly type: string
  readonly localhostProfile?: string | undefined
}): SecurityProfile {
  const profileType = profile.type as SecurityProfile['profileType']
  return profile.localhostProfile ? { profileType, localhostRef: profile.localhostProfile } : { profileType }
}
