import type { Container, ContainerPort, VolumeMount } from '../../api/core/v1/container.ts'
import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldNotFound,
  fieldRequired,
} from '../../machinery/field-error.ts'
import { dnsLabel, portName, portNumber } from '../../machinery/names.ts'
import { validateEnv, validateEnvFrom } from './env.ts'
import { validateLifecycle, validateProbe } from './probes.ts'
import { validateResources } from './resources.ts'
import { type Errors, each, named, none, oneOf, relativePath } from './rules.ts'
import { validateSecurityContext } from './security-context.ts'

/** What the containers of a pod are checked against. */
export interface ContainerSurroundings {
  readonly volumes: ReadonlySet<string>
  readonly hostNetwork: boolean
  readonly hostUsers: boolean
  /** Names taken by containers already seen. */
  readonly names: Set<string>
}

/** Where in a pod a container stands. */
export type ContainerRole = 'container' | 'init' | 'ephemeral'
/** An ephemeral container has the fields of others, and no rule of its own that is checked here. */
type AnyContainer = Omit<Container, 'resources'> & Partial<Pick<Container, 'resources'>>

/** One container, in any role. */
export function validateContainer(
  container: AnyContainer,
  path: string,
  around: ContainerSurroundings,
  role: ContainerRole,
): Errors {
  return [
    ...validateName(container.name, `${path}.name`, around.names),
    ...validateImage(container.image, `${path}.image`),
    ...oneOf(container.imagePullPolicy, `${path}.imagePullPolicy`, ['Always', 'IfNotPresent', 'Never']),
    ...oneOf(container.terminationMessagePolicy, `${path}.terminationMessagePolicy`, ['FallbackToLogsOnError', 'File']),
    ...validatePorts(container.ports, `${path}.ports`, around.hostNetwork),
    ...validateEnv(container.env, `${path}.env`),
    ...validateEnvFrom(container.envFrom, `${path}.envFrom`),
    ...validateMounts(container, `${path}.volumeMounts`, around),
    ...validateDevices(container, `${path}.volumeDevices`, around),
    ...validateResources(container.resources, `${path}.resources`),
    ...validateSecurityContext(container.securityContext, `${path}.securityContext`, around.hostUsers),
    ...validateRole(container, path, role),
  ]
}

function validateName(name: string, path: string, taken: Set<string>): Errors {
  if (!name) return none
  if (taken.has(name)) return [fieldDuplicate(path, name)]
  taken.add(name)
  return named(name, path, dnsLabel)
}

function validateImage(image: string | undefined, path: string): Errors {
  if (!image) return [fieldRequired(path)]
  return image === image.trim() ? none : [fieldInvalid(path, image, 'must not have leading or trailing whitespace')]
}

/** Probes and hooks: those of an init container only when it keeps running. */
function validateRole(container: AnyContainer, path: string, role: ContainerRole): Errors {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe, restartPolicy } = container
  const errors: FieldError[] = []
  if (role === 'init' && restartPolicy !== 'Always') {
    for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
      if (!container[field]) continue
      errors.push(fieldForbidden(`${path}.${field}`, 'may not be set for init containers without restartPolicy=Always'))
    }
    return errors
  }
  if (role === 'ephemeral') {
    for (const field of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe', 'ports'] as const) {
      if (container[field]) errors.push(fieldForbidden(`${path}.${field}`, 'cannot be set for an Ephemeral Container'))
    }
    return errors
  }
  return [
    ...validateLifecycle(lifecycle, `${path}.lifecycle`),
    ...validateProbe(livenessProbe, `${path}.livenessProbe`, 'other'),
    ...validateProbe(readinessProbe, `${path}.readinessProbe`, 'readiness'),
    ...validateProbe(startupProbe, `${path}.startupProbe`, 'other'),
  ]
}

function validatePorts(ports: readonly ContainerPort[] | undefined, path: string, hostNetwork: boolean): Errors {
  const names = new Set<string>()
  return each(ports, path, ({ name, containerPort, hostPort, protocol }, at) => {
    const errors: FieldError[] = []
    if (name) {
      errors.push(...named(name, `${at}.name`, portName))
      if (names.has(name)) errors.push(fieldDuplicate(`${at}.name`, name))
      names.add(name)
    }
    if (!containerPort) errors.push(fieldRequired(`${at}.containerPort`))
    else errors.push(...portNumber(containerPort).map(why => fieldInvalid(`${at}.containerPort`, containerPort, why)))
    if (hostPort) errors.push(...portNumber(hostPort).map(why => fieldInvalid(`${at}.hostPort`, hostPort, why)))
    if (hostNetwork && hostPort && hostPort !== containerPort) {
      const why = 'must match `hostPort` when `hostNetwork` is true'
      errors.push(fieldInvalid(`${at}.containerPort`, containerPort, why))
    }
    errors.push(...oneOf(protocol, `${at}.protocol`, ['SCTP', 'TCP', 'UDP']))
    return errors
  })
}

const propagations = ['Bidirectional', 'HostToContainer', 'None']

function validateMounts(container: AnyContainer, path: string, { volumes }: ContainerSurroundings): Errors {
  const places = new Set<string>()
  return each(container.volumeMounts, path, (mount, at) => {
    const errors: FieldError[] = [...validateSubPath(mount, at)]
    const { name, mountPath, mountPropagation } = mount
    if (name && !volumes.has(name)) errors.push(fieldNotFound(`${at}.name`, name))
    if (places.has(mountPath)) errors.push(fieldInvalid(`${at}.mountPath`, mountPath, 'must be unique'))
    places.add(mountPath)
    errors.push(...oneOf(mountPropagation, `${at}.mountPropagation`, propagations))
    if (mountPropagation === 'Bidirectional' && !container.securityContext?.privileged) {
      const why = 'Bidirectional mount propagation is available only to privileged containers'
      errors.push(fieldForbidden(`${at}.mountPropagation`, why))
    }
    return errors
  })
}

function validateSubPath({ subPath, subPathExpr }: VolumeMount, path: string): Errors {
  if (subPath && subPathExpr) {
    return [fieldInvalid(`${path}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive')]
  }
  return [...relativePath(subPath, `${path}.subPath`), ...relativePath(subPathExpr, `${path}.subPathExpr`)]
}

function validateDevices(container: AnyContainer, path: string, { volumes }: ContainerSurroundings): Errors {
  return each(container.volumeDevices, path, ({ name }, at) =>
    name && !volumes.has(name) ? [fieldNotFound(`${at}.name`, name)] : none,
  )
}
