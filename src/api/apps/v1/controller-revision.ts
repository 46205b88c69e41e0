import { int64, required } from '../../../schema/schema.ts'
import { ageColumn, integer, nameColumn, text } from '../../columns.ts'
import { apps } from '../../group-version.ts'
import { rawExtension } from '../../meta/v1/scalars.ts'

export class ControllerRevision extends apps.object({
  data: rawExtension(),
  revision: required(int64()),
}) {}

export const controllerRevisions = apps.resource(ControllerRevision, {
  plural: 'controllerrevisions',
  namespaced: true,
  columns: [
    nameColumn,
    text('Controller', ({ metadata }) => {
      const owner = metadata.ownerReferences?.find(reference => reference.controller)
      return (
        owner &&
        `${owner.kind.toLowerCase()}${owner.apiVersion.includes('/') ? `.${owner.apiVersion.split('/')[0]}` : ''}/${owner.name}`
      )
    }),
    integer('Revision', ({ revision }) => revision),
    ageColumn,
  ],
})
