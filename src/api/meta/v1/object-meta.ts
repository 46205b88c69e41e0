import { always, atomicList, bool, int64, listBy, map, required, setOf, string } from '../../../schema/schema.ts'
import { meta } from './meta.ts'
import { fieldsV1, time } from './scalars.ts'

export class ManagedFieldsEntry extends meta.type({
  apiVersion: string(),
  fieldsType: string(),
  fieldsV1: fieldsV1(),
  manager: string(),
  operation: string(),
  subresource: string(),
  time: time(),
}) {}

export class OwnerReference extends meta.type(
  {
    apiVersion: required(string()),
    blockOwnerDeletion: bool(),
    controller: bool(),
    kind: required(string()),
    name: required(string()),
    uid: required(string()),
  },
  { mapType: 'atomic' },
) {}

export class ObjectMeta extends meta.type({
  annotations: map(string()),
  creationTimestamp: always(time()),
  deletionGracePeriodSeconds: int64(),
  deletionTimestamp: time(),
  finalizers: setOf(string(), { patchStrategy: 'merge' }),
  generateName: string(),
  generation: int64(),
  labels: map(string()),
  managedFields: atomicList(ManagedFieldsEntry),
  name: always(string()),
  namespace: always(string()),
  ownerReferences: listBy(OwnerReference, ['uid']),
  resourceVersion: always(string()),
  selfLink: string(),
  uid: always(string()),
}) {}
