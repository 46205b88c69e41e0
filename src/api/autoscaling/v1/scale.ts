import { always, int32, required, string } from '../../../schema/schema.ts'
import { autoscaling } from '../../group-version.ts'

export class ScaleSpec extends autoscaling.type({
  replicas: int32(),
}) {}

export class ScaleStatus extends autoscaling.type({
  replicas: required(int32()),
  selector: string(),
}) {}

export class Scale extends autoscaling.object({
  spec: always(ScaleSpec),
  status: always(ScaleStatus),
}) {}
