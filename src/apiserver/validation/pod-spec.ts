import type { PodSpec } from '../../api/core/v1/pod-spec.ts'
import { type FieldError, fieldDuplicate, fieldInvalid, fieldRequired } from '../../machinery/field-error.ts'
import { dnsLabel, dnsSubdomain, qualifiedName } from '../../machinery/names.ts'
import { type ContainerSurroundings, validateContainer } from './container.ts'
import { validateLabels } from './object-meta.ts'
import { validateResources } from './resources.ts'
import { between, type Errors, each, filled, ipAddress, named, none, nonNegative, oneOf } from './rules.ts'
import { validateAffinity, validateSpread, validateToleration } from './scheduling.ts'
import { validatePodSecurityContext } from './security-context.ts'
import { validateVolumes } from './volumes.ts'

const mostSeconds = 2_147_483_647

/** What holds for the spec of every pod, and for the templates of pods. */
export function validatePodSpec(spec: PodSpec, path: string): Errors {
  const volumes = validateVolumes(spec.volumes, `${path}.volumes`)
  return [
    ...volumes.errors,
    ...validateContainers(spec, path, volumes.names),
    ...oneOf(spec.restartPolicy, `${path}.restartPolicy`, ['Always', 'OnFailure', 'Never']),
    ...oneOf(spec.preemptionPolicy, `${path}.preemptionPolicy`, ['Never', 'PreemptLowerPriority']),
    ...oneOf(spec.os?.name || undefined, `${path}.os.name`, ['linux', 'windows']),
    ...validateDns(spec, path),
    ...between(spec.activeDeadlineSeconds, `${path}.activeDeadlineSeconds`, 1, mostSeconds),
    ...nonNegative(spec.terminationGracePeriodSeconds, `${path}.terminationGracePeriodSeconds`),
    ...validateNames(spec, path),
    ...validateLabels(spec.nodeSelector, `${path}.nodeSelector`),
    ...validateHost(spec, path),
    ...validatePodSecurityContext(spec.securityContext, `${path}.securityContext`),
    ...validateResources(spec.resources, `${path}.resources`),
    ...validateAffinity(spec.affinity, `${path}.affinity`),
    ...each(spec.tolerations, `${path}.tolerations`, validateToleration),
    ...validateSpread(spec.topologySpreadConstraints, `${path}.topologySpreadConstraints`),
  ]
}

function validateContainers(spec: PodSpec, path: string, volumes: ReadonlySet<string>): Errors {
  const around: ContainerSurroundings = {
    volumes,
    hostNetwork: spec.hostNetwork === true,
    hostUsers: spec.hostUsers !== false,
    names: new Set(),
  }
  const { containers, initContainers, ephemeralContainers } = spec
  return [
    ...filled(containers, `${path}.containers`),
    ...each(containers, `${path}.containers`, (one, at) => validateContainer(one, at, around, 'container')),
    ...each(initContainers, `${path}.initContainers`, (one, at) => validateContainer(one, at, around, 'init')),
    ...each(ephemeralContainers, `${path}.ephemeralContainers`, (one, at) =>
      validateContainer(one, at, around, 'ephemeral'),
    ),
    ...validateHostPorts(containers, `${path}.containers`),
  ]
}

/** No two containers of a pod take the same port of the host. */
function validateHostPorts(containers: PodSpec['containers'] | undefined, path: string): Errors {
  const taken = new Set<string>()
  return each(containers, path, ({ ports }, at) =>
    each(ports, `${at}.ports`, ({ hostPort, hostIP = '', protocol }, port) => {
      if (!hostPort) return none
      const place = `${protocol}/${hostIP}/${hostPort}`
      if (taken.has(place)) return [fieldDuplicate(`${port}.hostPort`, place)]
      taken.add(place)
      return none
    }),
  )
}

const mostNameservers = 3

function validateDns({ dnsPolicy, dnsConfig }: PodSpec, path: string): Errors {
  const errors: FieldError[] = [
    ...oneOf(dnsPolicy, `${path}.dnsPolicy`, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']),
  ]
  if (dnsPolicy === 'None') {
    const why = 'when `dnsPolicy` is None'
    if (!dnsConfig) errors.push(fieldRequired(`${path}.dnsConfig`, `must provide \`dnsConfig\` ${why}`))
    else if (!dnsConfig.nameservers?.length) {
      errors.push(fieldRequired(`${path}.dnsConfig.nameservers`, `must provide at least one DNS nameserver ${why}`))
    }
  }
  const nameservers = dnsConfig?.nameservers ?? []
  const at = `${path}.dnsConfig.nameservers`
  if (nameservers.length > mostNameservers) {
    errors.push(fieldInvalid(at, nameservers, `must not have more than ${mostNameservers} nameservers`))
  }
  errors.push(...each(nameservers, at, ipAddress))
  return errors
}

function validateNames(spec: PodSpec, path: string): Errors {
  const gates = new Set<string>()
  return [
    ...named(spec.serviceAccountName, `${path}.serviceAccountName`, dnsSubdomain),
    ...named(spec.nodeName || undefined, `${path}.nodeName`, dnsSubdomain),
    ...named(spec.hostname || undefined, `${path}.hostname`, dnsLabel),
    ...named(spec.subdomain || undefined, `${path}.subdomain`, dnsLabel),
    ...named(spec.priorityClassName || undefined, `${path}.priorityClassName`, dnsSubdomain),
    ...named(spec.runtimeClassName || undefined, `${path}.runtimeClassName`, dnsSubdomain),
    ...named(spec.schedulerName || undefined, `${path}.schedulerName`, qualifiedName),
    ...each(spec.readinessGates, `${path}.readinessGates`, ({ conditionType }, at) =>
      named(conditionType || undefined, `${at}.conditionType`, qualifiedName),
    ),
    ...each(spec.schedulingGates, `${path}.schedulingGates`, ({ name }, at) => {
      if (gates.has(name)) return [fieldDuplicate(at, name)]
      gates.add(name)
      return named(name || undefined, at, qualifiedName)
    }),
  ]
}

function validateHost(spec: PodSpec, path: string): Errors {
  const errors: FieldError[] = []
  if (spec.shareProcessNamespace && spec.hostPID) {
    const why = 'ShareProcessNamespace and HostPID cannot both be enabled'
    errors.push(fieldInvalid(`${path}.shareProcessNamespace`, true, why))
  }
  return [
    ...errors,
    ...each(spec.hostAliases, `${path}.hostAliases`, ({ ip, hostnames }, at) => [
      ...ipAddress(ip || undefined, `${at}.ip`),
      ...each(hostnames, `${at}.hostnames`, (name, host) => named(name, host, dnsSubdomain)),
    ]),
  ]
}
