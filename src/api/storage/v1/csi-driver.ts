import { atomicList, bool, dflt, int64, required, setOf, string } from '../../../schema/schema.ts'
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
})
