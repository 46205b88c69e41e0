import { int64, required } from '../../../schema/schema.ts'
import { apps } from '../../group-version.ts'
import { rawExtension } from '../../meta/v1/scalars.ts'

export class ControllerRevision extends apps.object({
  data: rawExtension(),
  revision: required(int64()),
}) {}

export const controllerRevisions = apps.resource(ControllerRevision, {
  plural: 'controllerrevisions',
  namespaced: true,
})
