import { atomicList, bool, listBy, string } from '../../../schema/schema.ts'
import { ageColumn, integer, nameColumn } from '../../columns.ts'
import { core } from '../../group-version.ts'
import { ObjectReference } from './object-reference.ts'

export class LocalObjectReference extends core.type(
  {
    name: string(),
  },
  { mapType: 'atomic' },
) {}

export class ServiceAccount extends core.object({
  automountServiceAccountToken: bool(),
  imagePullSecrets: atomicList(LocalObjectReference),
  secrets: listBy(ObjectReference, ['name']),
}) {}

export const serviceAccounts = core.resource(ServiceAccount, {
  plural: 'serviceaccounts',
  short: ['sa'],
  namespaced: true,
  subresources: ['token'],
  columns: [nameColumn, integer('Secrets', ({ secrets = [] }) => secrets.length), ageColumn],
})
