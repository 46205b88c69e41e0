import { type allContainers, atFault, type Check, containersWith, naming, quoted } from './containers.ts'

const defaultCapabilities = new Set([
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
])
const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.ping_group_range',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_wmem',
])
const selinuxTypes = new Set(['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'])
const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/'
const unconfined = (profile: { readonly type?: string } | undefined) => profile?.type === 'Unconfined'

const appArmor: Check = (spec, annotations) => {
  const forbidden: string[] = []
  if (unconfined(spec.securityContext?.appArmorProfile))
    forbidden.push('pod must not set AppArmor profile type to "Unconfined"')
  const bad = containersWith(spec, one => unconfined(one.securityContext?.appArmorProfile))
  if (bad.length > 0) forbidden.push(`${naming(bad)} must not set AppArmor profile type to "Unconfined"`)
  for (const [name, value] of Object.entries(annotations)) {
    if (!name.startsWith(appArmorAnnotation) || value === '' || value === 'runtime/default') continue
    if (!value.startsWith('localhost/')) forbidden.push(`annotation ${JSON.stringify(`${name}=${value}`)}`)
  }
  const reason = forbidden.length === 1 ? 'forbidden AppArmor profile' : 'forbidden AppArmor profiles'
  return forbidden.length > 0 ? { reason, detail: forbidden.join(', ') } : undefined
}

const capabilities: Check = spec => {
  const extra = (one: { securityContext?: { capabilities?: { add?: readonly string[] } } | undefined }) =>
    (one.securityContext?.capabilities?.add ?? []).filter(name => !defaultCapabilities.has(name))
  const bad = containersWith(spec, one => extra(one as never).length > 0)
  const names = [...new Set(bad.flatMap(one => extra(one as never)))].sort()
  return atFault(
    'non-default capabilities',
    bad,
    list => `${list} must not include ${quoted(names)} in securityContext.capabilities.add`,
  )
}

const hostNamespaces: Check = spec => {
  const used = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter(field => spec[field])
  return used.length > 0
    ? { reason: 'host namespaces', detail: used.map(field => `${field}=true`).join(', ') }
    : undefined
}

const hostPath: Check = spec => {
  const names = (spec.volumes ?? []).filter(volume => volume.hostPath).map(volume => volume.name)
  if (names.length === 0) return undefined
  return { reason: 'hostPath volumes', detail: `volume${names.length > 1 ? 's' : ''} ${quoted(names)}` }
}

const hostPorts: Check = spec => {
  const portsOf = (ports: readonly { hostPort?: number }[] | undefined) =>
    (ports ?? []).flatMap(port => (port.hostPort ? [port.hostPort] : []))
  const bad = containersWith(spec, one => portsOf(one.ports as never).length > 0)
  const numbers = [...new Set(bad.flatMap(one => portsOf(one.ports as never)))].sort((a, b) => a - b)
  const uses = bad.length > 1 ? 'use' : 'uses'
  return atFault(
    'hostPort',
    bad,
    list => `${list} ${uses} hostPort${numbers.length > 1 ? 's' : ''} ${numbers.join(', ')}`,
  )
}

const hostProbes: Check = spec => {
  const bad = containersWith(spec, one => {
    const { livenessProbe, readinessProbe, startupProbe, lifecycle } = one
    const actions = [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop]
    return actions.some(action => {
      const host = action?.httpGet?.host || action?.tcpSocket?.host
      return host && host !== '127.0.0.1' && host !== '::1'
    })
  })
  return atFault('probe or lifecycle host', bad, list => `${list} must not set host in probes or lifecycle hooks`)
}

const privileged: Check = spec =>
  atFault(
    'privileged',
    containersWith(spec, one => one.securityContext?.privileged),
    list => `${list} must not set securityContext.privileged=true`,
  )

const procMount: Check = spec => {
  const mountOf = (one: ReturnType<typeof allContainers>[number]) => one.securityContext?.procMount ?? 'Default'
  const bad = containersWith(spec, one => mountOf(one) !== 'Default')
  return atFault(
    'procMount',
    bad,
    list => `${list} must not set securityContext.procMount to ${quoted([...new Set(bad.map(mountOf))])}`,
  )
}

const seLinux: Check = spec => {
  type Options = { readonly type?: string; readonly user?: string; readonly role?: string } | undefined
  const wrong = (options: Options) =>
    options && (!selinuxTypes.has(options.type ?? '') || Boolean(options.user) || Boolean(options.role))
  const places: string[] = []
  const podOptions = spec.securityContext?.seLinuxOptions as Options
  if (wrong(podOptions)) places.push('pod')
  const bad = containersWith(spec, one => wrong(one.securityContext?.seLinuxOptions as Options))
  if (bad.length > 0) places.push(naming(bad))
  if (places.length === 0) return undefined
  const all = [podOptions, ...bad.map(one => one.securityContext?.seLinuxOptions as Options)]
  const types = [...new Set(all.flatMap(one => (one?.type && !selinuxTypes.has(one.type) ? [one.type] : [])))]
  const what = [
    ...(types.length > 0 ? [`type${types.length > 1 ? 's' : ''} ${quoted(types)}`] : []),
    ...(all.some(one => one?.user) ? ['user may not be set'] : []),
    ...(all.some(one => one?.role) ? ['role may not be set'] : []),
  ]
  return {
    reason: 'seLinuxOptions',
    detail: `${places.join(' and ')} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}`,
  }
}

export const seccompBaseline: Check = spec => {
  const places: string[] = []
  if (unconfined(spec.securityContext?.seccompProfile)) places.push('pod')
  const bad = containersWith(spec, one => unconfined(one.securityContext?.seccompProfile))
  if (bad.length > 0) places.push(naming(bad))
  if (places.length === 0) return undefined
  const detail = `${places.join(' and ')} must not set securityContext.seccompProfile.type to "Unconfined"`
  return { reason: 'seccompProfile', detail }
}

const sysctls: Check = spec => {
  const bad = (spec.securityContext?.sysctls ?? []).map(one => one.name).filter(name => !safeSysctls.has(name))
  return bad.length > 0 ? { reason: 'forbidden sysctls', detail: bad.join(', ') } : undefined
}

const windows: Check = spec => {
  const places: string[] = []
  if (spec.securityContext?.windowsOptions?.hostProcess) places.push('pod')
  const bad = containersWith(spec, one => one.securityContext?.windowsOptions?.hostProcess)
  if (bad.length > 0) places.push(naming(bad))
  const detail = `${places.join(' and ')} must not set securityContext.windowsOptions.hostProcess=true`
  return places.length > 0 ? { reason: 'hostProcess', detail } : undefined
}

/** What no ordinary workload does, in the order in which it is told; `restricted` replaces those that are named there. */
export const baseline: Readonly<Record<string, Check>> = {
  appArmor,
  capabilities,
  hostNamespaces,
  hostPath,
  hostPorts,
  hostProbes,
  privileged,
  procMount,
  seLinux,
  seccomp: seccompBaseline,
  sysctls,
  windows,
}
