import type { EnvFromSource } from '../../api/core/v1/container.ts'
import type { EnvVar, EnvVarSource, ObjectFieldSelector } from '../../api/core/v1/env-var.ts'
import { fieldInvalid, fieldNotSupported } from '../../machinery/field-error.ts'
import { configMapKey, dnsSubdomain, envVarName } from '../../machinery/names.ts'
import { type Errors, each, named, nonEmpty, none } from './rules.ts'

const identity = ['metadata.name', 'metadata.namespace', 'metadata.uid']
/** Fields of the pod that may become variables. */
const envFields = [
  ...identity,
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
]
/** Fields of the pod that may become files of a downwardAPI volume. */
export const fileFields: readonly string[] = ['metadata.annotations', 'metadata.labels', ...identity]
const knownFields = new Set([...envFields, ...fileFields])
const subscripted = /^metadata\.(labels|annotations)\['[^']+'\]$/
const resources = [
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
]

/** The variables of a container. */
export function validateEnv(env: readonly EnvVar[] | undefined, path: string): Errors {
  return each(env, path, ({ name, value, valueFrom }, at) => [
    ...(name ? named(name, `${at}.name`, envVarName) : none),
    ...(valueFrom ? validateSource(valueFrom, value ?? '', `${at}.valueFrom`) : none),
  ])
}

function validateSource(source: EnvVarSource, value: string, path: string): Errors {
  const given = Object.keys(source).length
  if (given === 0) {
    const why = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'
    return [fieldInvalid(path, '', why)]
  }
  if (value !== '') return [fieldInvalid(path, '', 'may not be specified when `value` is not empty')]
  if (given > 1) return [fieldInvalid(path, '', 'may not have more than one field specified at a time')]
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source
  const keyRef = configMapKeyRef ?? secretKeyRef
  const at = `${path}.${configMapKeyRef ? 'configMapKeyRef' : 'secretKeyRef'}`
  return [
    ...(fieldRef ? validateFieldRef(fieldRef, `${path}.fieldRef`) : none),
    ...(resourceFieldRef ? validateResource(resourceFieldRef.resource, `${path}.resourceFieldRef`) : none),
    ...(keyRef
      ? [...nonEmpty(keyRef.name, `${at}.name`), ...named(keyRef.key || undefined, `${at}.key`, configMapKey)]
      : none),
  ]
}

/** A field of the pod that its containers may see, one of `allowed`. */
export function validateFieldRef(
  { fieldPath }: ObjectFieldSelector,
  path: string,
  allowed: readonly string[] = envFields,
): Errors {
  if (!fieldPath || subscripted.test(fieldPath) || allowed.includes(fieldPath)) return none
  if (knownFields.has(fieldPath)) return [fieldNotSupported(`${path}.fieldPath`, fieldPath, allowed)]
  const why = `error converting fieldPath: field label not supported: ${fieldPath}`
  return [fieldInvalid(`${path}.fieldPath`, fieldPath, why)]
}

function validateResource(resource: string, path: string): Errors {
  if (!resource || resources.includes(resource) || /^(limits|requests)\.hugepages-/.test(resource)) return none
  return [fieldNotSupported(`${path}.resource`, resource, resources)]
}

/** The objects a container takes variables from. */
export function validateEnvFrom(sources: readonly EnvFromSource[] | undefined, path: string): Errors {
  return each(sources, path, ({ prefix, configMapRef, secretRef }, at) => {
    if (configMapRef && secretRef) return [fieldInvalid(at, '', 'may not have more than one field specified at a time')]
    const ref = configMapRef ?? secretRef
    if (!ref) return [fieldInvalid(at, '', 'must specify one of: `configMapRef` or `secretRef`')]
    const name = `${at}.${configMapRef ? 'configMapRef' : 'secretRef'}.name`
    return [
      ...named(prefix || undefined, `${at}.prefix`, envVarName),
      ...nonEmpty(ref.name, name),
      ...named(ref.name || undefined, name, dnsSubdomain),
    ]
  })
}
