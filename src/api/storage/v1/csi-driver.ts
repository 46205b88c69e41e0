import { atomicList, bool, dflt, int64, required, setOf, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { storage } from '../../group-version.ts'

export class TokenRequest extends storage.type({
  audience: required(string()),
  expirationSeconds: int64(),
}) {}

export class CSIDriverSpec extends storage.type({
  attachRequired: dflt(bool(), true),
  fsGroupPolicy: dflt(string(), 'ReadWriteOnceWithFSType'),
  nodeAllocatableUpdatePeriodSeconds: int64(),
  podInfoOnMount: dflt(bool(), false),
  preventPodSchedulingIfMissing: bool(),
  requiresRepublish: dflt(bool(), false),
  seLinuxMount: dflt(bool(), false),
  serviceAccountTokenInSecrets: bool(),
  storageCapacity: dflt(bool(), false),
  tokenRequests: atomicList(TokenRequest),
  volumeLifecycleModes: dflt(setOf(string()), ['Persistent']),
}) {}

export class CSIDriver extends storage.object({
  spec: required(CSIDriverSpec),
}) {}

export const csiDrivers = storage.resource(CSIDriver, {
  plural: 'csidrivers',
  namespaced: false,
  columns: [
    nameColumn,
    { name: 'AttachRequired', type: 'boolean', of: ({ spec }) => spec.attachRequired },
    { name: 'PodInfoOnMount', type: 'boolean', of: ({ spec }) => spec.podInfoOnMount },
    { name: 'StorageCapacity', type: 'boolean', of: ({ spec }) => spec.storageCapacity },
    text(
      'TokenRequests',
      ({ spec }) => (spec.tokenRequests ?? []).map(({ audience }) => audience).join(',') || '<unset>',
    ),
    { name: 'RequiresRepublish', type: 'boolean', of: ({ spec }) => spec.requiresRepublish },
    text('Modes', ({ spec }) => spec.volumeLifecycleModes.join(',')),
    ageColumn,
  ],
})
