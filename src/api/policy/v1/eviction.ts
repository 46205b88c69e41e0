import { policy } from '../../group-version.ts'
import { DeleteOptions } from '../../meta/v1/delete-options.ts'

export class Eviction extends policy.object({
  deleteOptions: DeleteOptions,
}) {}
