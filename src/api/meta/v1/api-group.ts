import { atomicList, required, string } from '../../../schema/schema.ts'
import { meta } from './meta.ts'

export class GroupVersionForDiscovery extends meta.type({
  groupVersion: required(string()),
  version: required(string()),
}) {}

export class ServerAddressByClientCIDR extends meta.type({
  clientCIDR: required(string()),
  serverAddress: required(string()),
}) {}

export class APIGroup extends meta.type(
  {
    apiVersion: string(),
    kind: string(),
    name: required(string()),
    preferredVersion: GroupVersionForDiscovery,
    serverAddressByClientCIDRs: atomicList(ServerAddressByClientCIDR),
    versions: required(atomicList(GroupVersionForDiscovery)),
  },
  { kind: true, group: '', version: 'v1' },
) {}
