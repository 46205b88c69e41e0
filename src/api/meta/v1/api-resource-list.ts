import { atomicList, required, string } from '../../../schema/schema.ts'
import { APIResource } from './api-resource.ts'
import { meta } from './meta.ts'

export class APIResourceList extends meta.type(
  {
    apiVersion: string(),
    groupVersion: required(string()),
    kind: string(),
    resources: required(atomicList(APIResource)),
  },
  { kind: true, group: '', version: 'v1' },
) {}
