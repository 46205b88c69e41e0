import { atomicList, bool, dflt, map, required, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { TopologySelectorTerm } from '../../core/v1/topology-selector-term.ts'
import { storage } from '../../group-version.ts'

export class StorageClass extends storage.object({
  allowVolumeExpansion: bool(),
  allowedTopologies: atomicList(TopologySelectorTerm),
  mountOptions: atomicList(string()),
  parameters: map(string()),
  provisioner: required(string()),
  reclaimPolicy: dflt(string(), 'Delete'),
  volumeBindingMode: dflt(string(), 'Immediate'),
}) {}

export const storageClasses = storage.resource(StorageClass, {
  plural: 'storageclasses',
  short: ['sc'],
  namespaced: false,
  columns: [
    {
      ...nameColumn,
      of: ({ metadata: { name, annotations } }) =>
        annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true' ? `${name} (default)` : name,
    },
    text('Provisioner', ({ provisioner }) => provisioner),
    text('ReclaimPolicy', ({ reclaimPolicy }) => reclaimPolicy),
    text('VolumeBindingMode', ({ volumeBindingMode }) => volumeBindingMode),
    { name: 'AllowVolumeExpansion', type: 'boolean', of: ({ allowVolumeExpansion }) => allowVolumeExpansion ?? false },
    ageColumn,
  ],
})
