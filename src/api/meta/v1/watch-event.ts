import { required, string } from '../../../schema/schema.ts'
import { meta } from './meta.ts'
import { rawExtension } from './scalars.ts'

export class WatchEvent extends meta.type({
  object: required(rawExtension()),
  type: required(string()),
}) {}
