import type { PersistentVolume } from '../../api/core/v1/persistent-volume.ts'
import type { PersistentVolumeClaim } from '../../api/core/v1/persistent-volume-claim.ts'
import { storageClasses } from '../../api/storage/v1/storage-class.ts'
import type { Lister } from '../lister.ts'
import type { Draft } from '../registry/strategy.ts'
import { newestDefault } from './newest-default.ts'
import type { Plugin } from './plugin.ts'

const defaultMarks = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class']

/** Claims that name no class get the default one; '' means that none is wanted. */
export function defaultStorageClass(lister: Lister): Plugin {
  return {
    name: 'DefaultStorageClass',
    operations: ['CREATE'],
    resources: ['/persistentvolumeclaims'],
    async mutate({ object }) {
      const claim = object as Draft<PersistentVolumeClaim>
      const old = claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class']
      if (claim.spec.storageClassName !== undefined || old !== undefined) return
      await lister.ready([storageClasses])
      const found = newestDefault(lister.list(storageClasses), defaultMarks)
      if (found) claim.spec.storageClassName = found
    },
  }
}

const finalizers: Readonly<Record<string, string>> = {
  persistentvolumeclaims: 'kubernetes.io/pvc-protection',
  persistentvolumes: 'kubernetes.io/pv-protection',
}

/** Claims and volumes are not deleted while they are in use: a controller takes the finalizer away. */
export const storageObjectInUseProtection: Plugin = {
  name: 'StorageObjectInUseProtection',
  operations: ['CREATE'],
  resources: ['/persistentvolumeclaims', '/persistentvolumes'],
  mutate({ object, resource }) {
    const { metadata } = object as Draft<PersistentVolume>
    const finalizer = finalizers[resource.plural]!
    if (!metadata.finalizers?.includes(finalizer)) metadata.finalizers = [...(metadata.finalizers ?? []), finalizer]
  },
}
