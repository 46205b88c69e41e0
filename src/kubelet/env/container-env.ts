/** The environment of a container: Services, then envFrom, then env, each able to use what came before. */
import type { EnvVar } from '../../api/core/v1/env-var.ts'
import { envVarName } from '../../machinery/names.ts'
import type { Container, Pod } from '../pod/types.ts'
import { expand } from './expand.ts'
import { fieldValue, type NodeFacts, resourceValue } from './field-ref.ts'

/** Where values outside of the pod come from: the data of an object (decoded), undefined when it does not exist. */
export interface EnvSources {
  configMap(name: string): Promise<Readonly<Record<string, string>> | undefined>
  secret(name: string): Promise<Readonly<Record<string, string>> | undefined>
}

export interface EnvInput {
  readonly pod: Pod
  readonly container: Container
  readonly services: Readonly<Record<string, string>>
  readonly node: NodeFacts
  readonly podIps: readonly string[]
  readonly sources: EnvSources
}

/** Something the container's declaration names is not there: reason CreateContainerConfigError. */
export class ConfigError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ConfigError'
  }
}

/** In the order they were set; names that cannot be variables are left out, as the second list says. */
export async function containerEnv(input: EnvInput) {
  const env = new Map<string, string>()
  const skipped: string[] = []
  for (const from of input.container.envFrom ?? []) {
    for (const [key, value] of Object.entries(await dataOf(input, from))) {
      const name = (from.prefix ?? '') + key
      if (envVarName(name).length === 0) env.set(name, value)
      else skipped.push(name)
    }
  }
  const known = (name: string) => env.get(name) ?? input.services[name]
  for (const variable of input.container.env ?? []) {
    const value = variable.valueFrom ? await valueFrom(input, variable.valueFrom) : expand(variable.value ?? '', known)
    if (value !== undefined) env.set(variable.name, value)
  }
  for (const [name, value] of Object.entries(input.services)) if (!env.has(name)) env.set(name, value)
  return { env, skipped }
}

type EnvFrom = NonNullable<Container['envFrom']>[number]

async function dataOf(
  input: EnvInput,
  { configMapRef, secretRef }: EnvFrom,
): Promise<Readonly<Record<string, string>>> {
  if (configMapRef) return needed(input, 'configmap', configMapRef.name, configMapRef.optional)
  if (secretRef) return needed(input, 'secret', secretRef.name, secretRef.optional)
  return {}
}

async function needed(
  input: EnvInput,
  kind: 'configmap' | 'secret',
  name = '',
  optional = false,
): Promise<Readonly<Record<string, string>>> {
  const data = await (kind === 'secret' ? input.sources.secret(name) : input.sources.configMap(name))
  if (!data && !optional) throw new ConfigError(`${kind} "${name}" not found`)
  return data ?? {}
}

async function valueFrom(input: EnvInput, from: NonNullable<EnvVar['valueFrom']>): Promise<string | undefined> {
  const { pod, node, podIps } = input
  if (from.fieldRef) return fieldValue(pod, from.fieldRef.fieldPath, { node, podIps })
  if (from.resourceFieldRef) {
    return resourceValue(pod, from.resourceFieldRef, { node, containerName: input.container.name })
  }
  const ref = from.configMapKeyRef ?? from.secretKeyRef
  if (!ref) throw new ConfigError('this source of a variable is not supported')
  const isSecret = from.secretKeyRef !== undefined
  const data = await needed(input, isSecret ? 'secret' : 'configmap', ref.name, ref.optional)
  const value = data[ref.key]
  if (value === undefined && !ref.optional) {
    const { namespace } = pod.metadata
    throw new ConfigError(
      `couldn't find key ${ref.key} in ${isSecret ? 'Secret' : 'ConfigMap'} ${namespace}/${ref.name}`,
    )
  }
  return value
}
