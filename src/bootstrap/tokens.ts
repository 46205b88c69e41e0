/** Bootstrap tokens as the cluster keeps them: a Secret kube-system/bootstrap-token-<id> each. */
import { secrets } from '../api/core/v1/secret.ts'
import { formatDuration, parseDuration } from '../base/duration.ts'
import type { Client } from '../client/client.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { isBootstrapTokenId, parseBootstrapToken } from '../pki/bootstrap-token.ts'
import type { ObjectOf, WriteOfResource } from '../schema/resource.ts'
import type { BootstrapTokenSpec } from './config/types.ts'

const namespace = 'kube-system'
const type = 'bootstrap.kubernetes.io/token'
const usagePrefix = 'usage-bootstrap-'

export const tokenSecretName = (id: string) => `bootstrap-token-${id}`

/** The Secret of a token. A ttl counts from `now` (milliseconds); `0s` is for ever. */
export function tokenSecret(spec: BootstrapTokenSpec, now: number): WriteOfResource<typeof secrets> {
  const token = parseBootstrapToken(spec.token)
  if (!token) throw new Error('the token does not have the form of one: abcdef.0123456789abcdef')
  const expiration = expirationOf(spec, now)
  const texts: Record<string, string> = {
    'token-id': token.id,
    'token-secret': token.secret,
    ...(expiration && { expiration }),
    ...(spec.description && { description: spec.description }),
    ...Object.fromEntries(spec.usages.map(usage => [usagePrefix + usage, 'true'])),
    ...(spec.groups.length > 0 && { 'auth-extra-groups': spec.groups.join(',') }),
  }
  const data = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  )
  return { metadata: { name: tokenSecretName(token.id), namespace }, type, data }
}

function expirationOf({ ttl, expires }: BootstrapTokenSpec, now: number): string | undefined {
  if (expires) return wholeSeconds(Date.parse(expires))
  const length = parseDuration(ttl ?? '0')
  if (length === undefined) throw new Error(`${ttl} is no duration such as 24h`)
  return length > 0 ? wholeSeconds(now + length) : undefined
}

const wholeSeconds = (ms: number) => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z')

/** Keeps a new token in the cluster. Throws when there is one of its id. */
export async function createToken(client: Client, spec: BootstrapTokenSpec, now = Date.now()): Promise<void> {
  const secret = tokenSecret(spec, now)
  if (await findSecret(client, secret.metadata!.name!)) {
    throw new Error(`a token with id ${JSON.stringify(parseBootstrapToken(spec.token)!.id)} already exists`)
  }
  await client.create(secrets, secret)
}

/** As createToken; one of the same id is replaced, its expiry with it. */
export async function ensureToken(client: Client, spec: BootstrapTokenSpec, now = Date.now()): Promise<void> {
  const secret = tokenSecret(spec, now)
  if (await findSecret(client, secret.metadata!.name!)) await client.update(secrets, secret)
  else await client.create(secrets, secret)
}

/** All tokens, by id. Secrets that are no proper tokens are left out. */
export async function listTokens(client: Client, now = Date.now()): Promise<BootstrapTokenSpec[]> {
  const { items } = await client.list(secrets, { namespace, fieldSelector: `type=${type}` })
  return items.flatMap(secret => tokenOf(secret, now) ?? [])
}

/** Deletes a token by its id, or by the whole of it; resolves to the id. Throws when there is none. */
export async function deleteToken(client: Client, idOrToken: string): Promise<string> {
  const id = parseBootstrapToken(idOrToken)?.id ?? idOrToken
  if (!isBootstrapTokenId(id))
    throw new Error('a token is named by its id or the whole of it: abcdef, or abcdef.0123456789abcdef')
  try {
    await client.delete(secrets, { name: tokenSecretName(id), namespace })
  } catch (error) {
    if (isNotFound(error)) throw new Error(`there is no bootstrap token with id ${JSON.stringify(id)}`)
    throw error
  }
  return id
}

/** Undefined when the Secret is no token that could be used. `ttl` is what is left; `expires` its end. */
export function tokenOf(secret: ObjectOf<typeof secrets>, now: number): BootstrapTokenSpec | undefined {
  const text = (key: string) => Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8')
  const token = `${text('token-id')}.${text('token-secret')}`
  if (!parseBootstrapToken(token) || secret.metadata.name !== tokenSecretName(text('token-id'))) return undefined
  const expires = text('expiration')
  const end = Date.parse(expires)
  const usages = Object.keys(secret.data ?? {})
    .filter(key => key.startsWith(usagePrefix) && text(key) === 'true')
    .map(key => key.slice(usagePrefix.length))
  return {
    token,
    ...(text('description') && { description: text('description') }),
    ...(expires && { expires, ttl: formatDuration(Math.max(0, Math.trunc((end - now) / 1000) * 1000) || 0) }),
    usages: usages.sort(),
    groups: text('auth-extra-groups').split(',').filter(Boolean),
  }
}

async function findSecret(client: Client, name: string): Promise<boolean> {
  try {
    await client.get(secrets, { name, namespace })
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}
