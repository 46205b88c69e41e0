import { core } from '../../group-version.ts'
import { ObjectMeta } from '../../meta/v1/object-meta.ts'
import { PodSpec } from './pod-spec.ts'

export class PodTemplateSpec extends core.type({
  metadata: ObjectMeta,
  spec: PodSpec,
}) {}
