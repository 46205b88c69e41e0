import type { ConfigMap } from '../../api/core/v1/config-map.ts'
import { type FieldError, fieldInvalid, fieldTooLong } from '../../machinery/field-error.ts'
import { configMapKey } from '../../machinery/names.ts'
import type { Strategy } from '../registry/strategy.ts'
import { base64Bytes, mostDataBytes, validateSealed } from '../validation/data.ts'
import { type Errors, named } from '../validation/rules.ts'

/** Keys that can be file names, at most a mebibyte, and nothing more once sealed. */
export const configMapStrategy: Strategy<ConfigMap> = {
  validate: validateConfigMap,
  validateUpdate: (map, old) => validateSealed(map, old, ['data', 'binaryData']),
}

function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): Errors {
  const errors: FieldError[] = []
  let size = 0
  for (const [key, text] of Object.entries(data)) {
    errors.push(...named(key, `data[${key}]`, configMapKey))
    if (key in binaryData) errors.push(fieldInvalid(`data[${key}]`, key, 'duplicate of key present in binaryData'))
    size += Buffer.byteLength(text)
  }
  for (const [key, text] of Object.entries(binaryData)) {
    errors.push(...named(key, `binaryData[${key}]`, configMapKey))
    size += base64Bytes(text)
  }
  return size > mostDataBytes ? [...errors, fieldTooLong('', mostDataBytes)] : errors
}
