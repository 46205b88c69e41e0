import { map, required, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { storage } from '../../group-version.ts'

export class VolumeAttributesClass extends storage.object({
  driverName: required(string()),
  parameters: map(string()),
}) {}

export const volumeAttributesClasses = storage.resource(VolumeAttributesClass, {
  plural: 'volumeattributesclasses',
  short: ['vac'],
  namespaced: false,
  columns: [nameColumn, text('DriverName', ({ driverName }) => driverName), ageColumn],
})
