import type { KeyToPath, ProjectedVolumeSource, Volume, VolumeProjection } from '../../api/core/v1/volume.ts'
import {
  type FieldError,
  fieldDuplicate,
  fieldForbidden,
  fieldInvalid,
  fieldRequired,
} from '../../machinery/field-error.ts'
import { configMapKey, dnsLabel } from '../../machinery/names.ts'
import { compareQuantities } from '../../machinery/quantity.ts'
import { fileFields, validateFieldRef } from './env.ts'
import { type Errors, each, fileMode, named, noBacksteps, nonEmpty, none, oneOf, relativePath } from './rules.ts'

/** The volumes of a pod, and their names for what mounts them. */
export function validateVolumes(
  volumes: readonly Volume[] | undefined,
  path: string,
): { names: Set<string>; errors: Errors } {
  const names = new Set<string>()
  const errors = each(volumes, path, (volume, at) => {
    const { name } = volume
    const own: FieldError[] = [...(name ? named(name, `${at}.name`, dnsLabel) : none)]
    if (name && names.has(name)) own.push(fieldDuplicate(`${at}.name`, name))
    names.add(name)
    return [...own, ...validateSource(volume, at)]
  })
  return { names, errors }
}

type Source = Exclude<keyof Volume, 'name'>

function validateSource(volume: Volume, path: string): Errors {
  const [first, ...extra] = Object.keys(volume).filter(key => key !== 'name') as Source[]
  if (!first) return [fieldRequired(path, 'must specify a volume type')]
  const errors = extra.map(kind => fieldForbidden(`${path}.${kind}`, 'may not specify more than 1 volume type'))
  return [...errors, ...(sourceRules[first]?.(volume, `${path}.${first}`) ?? none)]
}

const hostPathTypes = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
]

/** Rules of the sources that have more than required fields. */
const sourceRules: Partial<Record<Source, (volume: Volume, path: string) => Errors>> = {
  hostPath: ({ hostPath }, path) => [
    ...noBacksteps(hostPath!.path ?? '', `${path}.path`),
    ...oneOf(hostPath!.type, `${path}.type`, hostPathTypes),
  ],
  emptyDir: ({ emptyDir }, path) =>
    emptyDir!.sizeLimit !== undefined && compareQuantities(emptyDir!.sizeLimit, '0') < 0
      ? [fieldForbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
      : none,
  secret: ({ secret }, path) => [
    ...nonEmpty(secret!.secretName, `${path}.secretName`),
    ...fileMode(secret!.defaultMode, `${path}.defaultMode`),
    ...validateItems(secret!.items, `${path}.items`),
  ],
  configMap: ({ configMap }, path) => [
    ...nonEmpty(configMap!.name, `${path}.name`),
    ...fileMode(configMap!.defaultMode, `${path}.defaultMode`),
    ...validateItems(configMap!.items, `${path}.items`),
  ],
  downwardAPI: ({ downwardAPI }, path) => [
    ...fileMode(downwardAPI!.defaultMode, `${path}.defaultMode`),
    ...each(downwardAPI!.items, path, validateDownwardFile),
  ],
  projected: ({ projected }, path) => validateProjected(projected!, path),
  nfs: ({ nfs }, path) =>
    nfs!.path && !nfs!.path.startsWith('/')
      ? [fieldInvalid(`${path}.path`, nfs!.path, 'must be an absolute path')]
      : none,
  ephemeral: ({ ephemeral }, path) =>
    ephemeral!.volumeClaimTemplate ? none : [fieldRequired(`${path}.volumeClaimTemplate`)],
  image: ({ image }, path) => [
    ...nonEmpty(image!.reference, `${path}.reference`),
    ...oneOf(image!.pullPolicy, `${path}.pullPolicy`, ['Always', 'IfNotPresent', 'Never']),
  ],
}

function validateItems(items: readonly KeyToPath[] | undefined, path: string): Errors {
  return each(items, path, (item, at) => [
    ...named(item.key || undefined, `${at}.key`, configMapKey),
    ...relativePath(item.path, `${at}.path`),
    ...fileMode(item.mode, `${at}.mode`),
  ])
}

type DownwardFile = NonNullable<NonNullable<Volume['downwardAPI']>['items']>[number]

function validateDownwardFile({ path: file, fieldRef, resourceFieldRef, mode }: DownwardFile, path: string): Errors {
  const errors: FieldError[] = [...relativePath(file, `${path}.path`), ...fileMode(mode, `${path}.mode`)]
  if (fieldRef && resourceFieldRef) {
    errors.push(fieldInvalid(path, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'))
  } else if (fieldRef) errors.push(...validateFieldRef(fieldRef, `${path}.fieldRef`, fileFields))
  else if (!resourceFieldRef) errors.push(fieldRequired(path, 'one of fieldRef and resourceFieldRef is required'))
  return errors
}

function validateProjected({ defaultMode, sources }: ProjectedVolumeSource, path: string): Errors {
  return [
    ...fileMode(defaultMode, `${path}.defaultMode`),
    ...each(sources, `${path}.sources`, (source, at) => {
      const [, ...extra] = Object.keys(source)
      const more = extra.map(kind => fieldForbidden(`${at}.${kind}`, 'may not specify more than 1 volume type'))
      return [...more, ...validateProjection(source, at)]
    }),
  ]
}

function validateProjection(source: VolumeProjection, path: string): Errors {
  const { secret, configMap, downwardAPI, serviceAccountToken: token } = source
  return [
    ...(secret
      ? [...nonEmpty(secret.name, `${path}.secret.name`), ...validateItems(secret.items, `${path}.secret.items`)]
      : none),
    ...(configMap
      ? [
          ...nonEmpty(configMap.name, `${path}.configMap.name`),
          ...validateItems(configMap.items, `${path}.configMap.items`),
        ]
      : none),
    ...each(downwardAPI?.items, `${path}.downwardAPI`, validateDownwardFile),
    ...(token ? validateToken(token, `${path}.serviceAccountToken`) : none),
  ]
}

function validateToken(
  { path: file, expirationSeconds }: NonNullable<VolumeProjection['serviceAccountToken']>,
  path: string,
): Errors {
  const errors: FieldError[] = [...relativePath(file, `${path}.path`)]
  const at = `${path}.expirationSeconds`
  if (expirationSeconds < 600) {
    errors.push(fieldInvalid(at, expirationSeconds, 'may not specify a duration less than 10 minutes'))
  } else if (expirationSeconds > 2 ** 32) {
    errors.push(fieldInvalid(at, expirationSeconds, 'may not specify a duration larger than 2^32 seconds'))
  }
  return errors
}
