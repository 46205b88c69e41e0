import { baseline } from './baseline.ts'
import { type allContainers, atFault, type Check, containersWith, naming, quoted } from './containers.ts'

const volumeTypes = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
])

/** What is about Linux only does not count for pods that say they are for Windows. */
const onLinux =
  (check: Check): Check =>
  (spec, annotations) =>
    spec.os?.name === 'windows' ? undefined : check(spec, annotations)

const allowPrivilegeEscalation: Check = spec =>
  atFault(
    'allowPrivilegeEscalation != false',
    containersWith(spec, one => one.securityContext?.allowPrivilegeEscalation !== false),
    list => `${list} must set securityContext.allowPrivilegeEscalation=false`,
  )

const capabilities: Check = spec => {
  const keeping = containersWith(spec, one => !one.securityContext?.capabilities?.drop?.includes('ALL'))
  const addedBy = (one: ReturnType<typeof allContainers>[number]) =>
    (one.securityContext?.capabilities?.add ?? []).filter(name => name !== 'NET_BIND_SERVICE')
  const adding = containersWith(spec, one => addedBy(one).length > 0)
  const details: string[] = []
  if (keeping.length > 0) details.push(`${naming(keeping)} must set securityContext.capabilities.drop=["ALL"]`)
  if (adding.length > 0) {
    const names = quoted([...new Set(adding.flatMap(addedBy))].sort())
    details.push(`${naming(adding)} must not include ${names} in securityContext.capabilities.add`)
  }
  return details.length > 0 ? { reason: 'unrestricted capabilities', detail: details.join('; ') } : undefined
}

const volumes: Check = spec => {
  const typeOf = (volume: object) => Object.keys(volume).find(field => field !== 'name') ?? 'emptyDir'
  const bad = (spec.volumes ?? []).filter(volume => !volumeTypes.has(typeOf(volume)))
  if (bad.length === 0) return undefined
  const types = [...new Set(bad.map(typeOf))].sort()
  const many = bad.length > 1
  const named = `volume${many ? 's' : ''} ${quoted(bad.map(one => one.name))} ${many ? 'use' : 'uses'}`
  const detail = `${named} restricted volume type${types.length > 1 ? 's' : ''} ${quoted(types)}`
  return { reason: 'restricted volume types', detail }
}

const runAsNonRoot: Check = spec => {
  const pod = spec.securityContext?.runAsNonRoot
  const explicit = containersWith(spec, one => one.securityContext?.runAsNonRoot === false)
  const implicit = pod ? [] : containersWith(spec, one => one.securityContext?.runAsNonRoot === undefined)
  const details: string[] = []
  if (pod === false) details.push('pod must not set securityContext.runAsNonRoot=false')
  if (explicit.length > 0) details.push(`${naming(explicit)} must not set securityContext.runAsNonRoot=false`)
  if (implicit.length > 0) details.push(`pod or ${naming(implicit)} must set securityContext.runAsNonRoot=true`)
  return explicit.length > 0 || implicit.length > 0 || pod === false
    ? { reason: 'runAsNonRoot != true', detail: details.join('; ') }
    : undefined
}

const runAsUser: Check = spec => {
  const places: string[] = []
  if (spec.securityContext?.runAsUser === 0) places.push('pod')
  const bad = containersWith(spec, one => one.securityContext?.runAsUser === 0)
  if (bad.length > 0) places.push(naming(bad))
  return places.length > 0
    ? { reason: 'runAsUser=0', detail: `${places.join(' and ')} must not set runAsUser=0` }
    : undefined
}

const seccomp: Check = spec => {
  const good = (type: string | undefined) => type === 'RuntimeDefault' || type === 'Localhost'
  const pod = spec.securityContext?.seccompProfile?.type
  const details: string[] = []
  const wrong = containersWith(spec, one => {
    const type = one.securityContext?.seccompProfile?.type
    return type !== undefined && !good(type)
  })
  const unset = good(pod) ? [] : containersWith(spec, one => one.securityContext?.seccompProfile === undefined)
  if (pod !== undefined && !good(pod))
    details.push(`pod must not set securityContext.seccompProfile.type to ${quoted([pod])}`)
  if (wrong.length > 0) {
    const types = [...new Set(wrong.map(one => one.securityContext!.seccompProfile!.type))]
    details.push(`${naming(wrong)} must not set securityContext.seccompProfile.type to ${quoted(types)}`)
  }
  if (pod === undefined && unset.length > 0)
    details.push(
      `pod or ${naming(unset)} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
    )
  return details.length > 0 ? { reason: 'seccompProfile', detail: details.join('; ') } : undefined
}

const { capabilities: _, hostPath: __, seccomp: ___, ...kept } = baseline

/** What hardened workloads keep to: most of the baseline, and more. */
export const restricted: Readonly<Record<string, Check>> = {
  ...kept,
  allowPrivilegeEscalation: onLinux(allowPrivilegeEscalation),
  restrictedCapabilities: onLinux(capabilities),
  restrictedVolumes: volumes,
  runAsNonRoot,
  runAsUser,
  restrictedSeccomp: onLinux(seccomp),
}
