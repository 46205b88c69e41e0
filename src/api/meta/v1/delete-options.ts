import { atomicList, bool, int64, string } from '../../../schema/schema.ts'
import { meta } from './meta.ts'

export class Preconditions extends meta.type({
  resourceVersion: string(),
  uid: string(),
}) {}

export class DeleteOptions extends meta.type({
  apiVersion: string(),
  dryRun: atomicList(string()),
  gracePeriodSeconds: int64(),
  ignoreStoreReadErrorWithClusterBreakingPotential: bool(),
  kind: string(),
  orphanDependents: bool(),
  preconditions: Preconditions,
  propagationPolicy: string(),
}) {}
