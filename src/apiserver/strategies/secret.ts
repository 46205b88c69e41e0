import type { Secret } from '../../api/core/v1/secret.ts'
import { type FieldError, fieldInvalid, fieldRequired, fieldTooLong } from '../../machinery/field-error.ts'
import { configMapKey } from '../../machinery/names.ts'
import type { Draft, Strategy } from '../registry/strategy.ts'
import { base64Bytes, mostDataBytes, validateSealed } from '../validation/data.ts'
import { type Errors, immutable, named, none } from '../validation/rules.ts'

/** Data as its type wants it; the type stays. */
export const secretStrategy: Strategy<Secret> = {
  prepareCreate: foldStringData,
  prepareUpdate: foldStringData,
  validate: validateSecret,
  validateUpdate: (secret, old) => [
    ...immutable(secret.type, old.type, 'type'),
    ...validateSealed(secret, old, ['data']),
  ],
}

/** stringData is a way to write: it is never read again. */
function foldStringData(secret: Draft<Secret>): void {
  if (!secret.stringData) return
  const data: Record<string, string> = { ...secret.data }
  for (const [key, text] of Object.entries(secret.stringData)) data[key] = Buffer.from(text).toString('base64')
  secret.data = data
  delete secret.stringData
}

const accountName = 'kubernetes.io/service-account.name'
const redacted = '<secret contents redacted>'

/** Keys that secrets of well-known types must have. */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
}

function validateSecret({ metadata, type, data = {} }: Secret): Errors {
  const errors: FieldError[] = []
  let size = 0
  for (const [key, value] of Object.entries(data)) {
    errors.push(...named(key, `data[${key}]`, configMapKey))
    size += base64Bytes(value)
  }
  if (size > mostDataBytes) errors.push(fieldTooLong('data', mostDataBytes))
  if (type === 'kubernetes.io/service-account-token' && !metadata.annotations?.[accountName]) {
    errors.push(fieldRequired(`metadata.annotations[${accountName}]`))
  }
  if (type === 'kubernetes.io/basic-auth' && !('username' in data) && !('password' in data)) {
    errors.push(fieldRequired('data[username]'), fieldRequired('data[password]'))
  }
  for (const key of requiredKeys[type] ?? []) {
    if (data[key] === undefined) errors.push(fieldRequired(`data[${key}]`))
    else if (key.startsWith('.docker')) errors.push(...validateJson(data[key], `data[${key}]`))
  }
  return errors
}

function validateJson(base64: string, path: string): Errors {
  try {
    JSON.parse(Buffer.from(base64, 'base64').toString())
    return none
  } catch (error) {
    return [fieldInvalid(path, redacted, (error as Error).message.replace(/, ".*/s, ''))]
  }
}
