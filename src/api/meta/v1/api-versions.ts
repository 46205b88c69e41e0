import { atomicList, required, string } from '../../../schema/schema.ts'
import { ServerAddressByClientCIDR } from './api-group.ts'
import { meta } from './meta.ts'

export class APIVersions extends meta.type(
  {
    apiVersion: string(),
    kind: string(),
    serverAddressByClientCIDRs: required(atomicList(ServerAddressByClientCIDR)),
    versions: required(atomicList(string())),
  },
  { kind: true, group: '', version: 'v1' },
) {}
