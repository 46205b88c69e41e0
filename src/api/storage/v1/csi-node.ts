import { atomicList, int32, listBy, required, requiredDflt, string } from '../../../schema/schema.ts'
import { ageColumn, integer, nameColumn } from '../../columns.ts'
import { storage } from '../../group-version.ts'

export class VolumeNodeResources extends storage.type({
  count: int32(),
}) {}

export class CSINodeDriver extends storage.type({
  allocatable: VolumeNodeResources,
  name: required(string()),
  nodeID: required(string()),
  topologyKeys: atomicList(string()),
}) {}

export class CSINodeSpec extends storage.type({
  drivers: requiredDflt(listBy(CSINodeDriver, ['name']), []),
}) {}

export class CSINode extends storage.object({
  spec: required(CSINodeSpec),
}) {}

export const csiNodes = storage.resource(CSINode, {
  plural: 'csinodes',
  namespaced: false,
  columns: [nameColumn, integer('Drivers', ({ spec }) => spec.drivers.length), ageColumn],
})
