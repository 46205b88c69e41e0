/** What a proxied name says besides the object: `https:name:port`. */
export interface ProxyName {
  readonly scheme: 'http' | 'https' | undefined
  readonly name: string
  readonly port: string
}

/** Reads `name`, `name:port` and `scheme:name:port`. */
export function parseProxyName(text: string): ProxyName | undefined {
  const parts = text.split(':')
  if (parts.length === 1) return { scheme: undefined, name: text, port: '' }
  if (parts.length === 2) return { scheme: undefined, name: parts[0]!, port: parts[1]! }
  const [scheme, name = '', port = ''] = parts
  if (parts.length > 3 || (scheme !== 'http' && scheme !== 'https' && scheme !== '')) return undefined
  return { scheme: scheme || undefined, name, port }
}
