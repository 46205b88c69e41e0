import { bool, bytes, dflt, map, string } from '../../../schema/schema.ts'
import { ageColumn, integer, nameColumn, text } from '../../columns.ts'
import { core } from '../../group-version.ts'

export class Secret extends core.object({
  data: map(bytes()),
  immutable: bool(),
  stringData: map(string()),
  type: dflt(string(), 'Opaque'),
}) {}

export const secrets = core.resource(Secret, {
  plural: 'secrets',
  namespaced: true,
  selectableFields: ['type'],
  columns: [
    nameColumn,
    text('Type', ({ type }) => type),
    integer('Data', ({ data = {} }) => Object.keys(data).length),
    ageColumn,
  ],
})
