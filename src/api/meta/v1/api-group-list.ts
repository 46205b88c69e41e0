import { atomicList, required, string } from '../../../schema/schema.ts'
import { APIGroup } from './api-group.ts'
import { meta } from './meta.ts'

export class APIGroupList extends meta.type(
  {
    apiVersion: string(),
    groups: required(atomicList(APIGroup)),
    kind: string(),
  },
  { kind: true, group: '', version: 'v1' },
) {}
