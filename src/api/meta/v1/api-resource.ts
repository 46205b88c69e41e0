import { atomicList, bool, list, required, string } from '../../../schema/schema.ts'
import { meta } from './meta.ts'

export class APIResource extends meta.type({
  categories: atomicList(string()),
  group: string(),
  kind: required(string()),
  name: required(string()),
  namespaced: required(bool()),
  shortNames: atomicList(string()),
  singularName: required(string()),
  storageVersionHash: string(),
  verbs: required(list(string())),
  version: string(),
}) {}
