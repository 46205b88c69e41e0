import { required } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { ObjectReference } from './object-reference.ts'

export class Binding extends core.object({
  target: required(ObjectReference),
}) {}

export const bindings = core.resource(Binding, {
  plural: 'bindings',
  namespaced: true,
  verbs: ['create'],
})
