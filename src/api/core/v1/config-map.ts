import { bool, bytes, map, string } from '../../../schema/schema.ts'
import { ageColumn, integer, nameColumn } from '../../columns.ts'
import { core } from '../../group-version.ts'

export class ConfigMap extends core.object({
  binaryData: map(bytes()),
  data: map(string()),
  immutable: bool(),
}) {}

export const configMaps = core.resource(ConfigMap, {
  plural: 'configmaps',
  short: ['cm'],
  namespaced: true,
  columns: [
    nameColumn,
    integer('Data', ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length),
    ageColumn,
  ],
})
