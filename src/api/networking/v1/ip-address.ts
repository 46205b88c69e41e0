import { required, string } from '../../../schema/schema.ts'
import { nameColumn, text } from '../../columns.ts'
import { networking } from '../../group-version.ts'

export class ParentReference extends networking.type({
  group: string(),
  name: required(string()),
  namespace: string(),
  resource: required(string()),
}) {}

export class IPAddressSpec extends networking.type({
  parentRef: required(ParentReference),
}) {}

export class IPAddress extends networking.object({
  spec: required(IPAddressSpec),
}) {}

export const ipAddresses = networking.resource(IPAddress, {
  plural: 'ipaddresses',
  short: ['ip'],
  namespaced: false,
  columns: [
    nameColumn,
    text('ParentRef', ({ spec: { parentRef } }) =>
      [parentRef.resource, parentRef.namespace, parentRef.name].filter(Boolean).join('/'),
    ),
  ],
})
