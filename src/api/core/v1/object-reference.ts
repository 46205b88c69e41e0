import { string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'

export class ObjectReference extends core.type(
  {
    apiVersion: string(),
    fieldPath: string(),
    kind: string(),
    name: string(),
    namespace: string(),
    resourceVersion: string(),
    uid: string(),
  },
  { mapType: 'atomic' },
) {}
