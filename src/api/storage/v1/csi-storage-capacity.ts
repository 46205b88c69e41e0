import { required, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { storage } from '../../group-version.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'
import { quantity } from '../../meta/v1/scalars.ts'

export class CSIStorageCapacity extends storage.object({
  capacity: quantity(),
  maximumVolumeSize: quantity(),
  nodeTopology: LabelSelector,
  storageClassName: required(string()),
}) {}

export const csiStorageCapacities = storage.resource(CSIStorageCapacity, {
  plural: 'csistoragecapacities',
  namespaced: true,
  columns: [
    nameColumn,
    text('StorageClassName', ({ storageClassName }) => storageClassName),
    text('Capacity', ({ capacity }) => capacity ?? '<unset>'),
    ageColumn,
  ],
})
