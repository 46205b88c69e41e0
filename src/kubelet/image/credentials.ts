/** Credentials for registries out of a pod's pull secrets. */
import type { AuthConfig } from '../cri/types.ts'
import { registryOf } from './image-name.ts'

interface DockerEntry {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly identitytoken?: string
}

/** What fits an image, most specific first. `secrets` are decoded data of secrets of the two docker types. */
export function credentialsFor(
  image: string,
  secrets: readonly Readonly<Record<string, string>>[],
): readonly AuthConfig[] {
  const found: { readonly path: string; readonly auth: AuthConfig }[] = []
  const registry = registryOf(image)
  const full = image.startsWith(`${registry}/`) ? image : `${registry}/${image}`
  for (const data of secrets) {
    for (const [key, entry] of Object.entries(entriesOf(data))) {
      const path = normal(key)
      if (matches(path, full)) found.push({ path, auth: authOf(entry, path) })
    }
  }
  return found.sort((a, b) => b.path.length - a.path.length).map(f => f.auth)
}

function entriesOf(data: Readonly<Record<string, string>>): Readonly<Record<string, DockerEntry>> {
  const json = data['.dockerconfigjson']
  const old = data['.dockercfg']
  try {
    if (json) return (JSON.parse(json) as { auths?: Record<string, DockerEntry> }).auths ?? {}
    return old ? (JSON.parse(old) as Record<string, DockerEntry>) : {}
  } catch {
    return {}
  }
}

/** `https://index.docker.io/v1/` is how Docker Hub calls itself in such files. */
function normal(key: string): string {
  const bare = key.replace(/^https?:\/\//, '').replace(/\/(v1|v2)?\/?$/, '')
  return bare.replace(/^(index|registry-1)\.docker\.io/, 'docker.io')
}

function matches(path: string, image: string): boolean {
  if (path.startsWith('*.')) return registryOf(image).endsWith(path.slice(1))
  return image === path || image.startsWith(`${path}/`) || image.startsWith(`${path}:`)
}

function authOf(entry: DockerEntry, serverAddress: string): AuthConfig {
  const { identitytoken } = entry
  if (identitytoken) return { identityToken: identitytoken, serverAddress }
  if (entry.username !== undefined) return { username: entry.username, password: entry.password ?? '', serverAddress }
  const [username = '', ...rest] = Buffer.from(entry.auth ?? '', 'base64')
    .toString()
    .split(':')
  return { username, password: rest.join(':'), serverAddress }
}
