import { badRequest } from '../../machinery/status-error.ts'

/** Where the next page of a list starts. Revision -1: at whatever is stored then. */
export interface ContinueToken {
  readonly revision: number
  /** Key to start at, relative to the listed prefix. */
  readonly start: string
}

const version = 'meta.k8s.io/v1'

/** The token as clients carry it around: opaque, the same as upstream's. */
export function encodeContinue({ revision, start }: ContinueToken): string {
  return Buffer.from(JSON.stringify({ v: version, rv: revision, start })).toString('base64url')
}

/** Reads a token back; whatever else clients send is refused. */
export function decodeContinue(token: string): ContinueToken {
  let parsed: { v?: unknown; rv?: unknown; start?: unknown }
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString())
  } catch {
    throw badRequest('continue key is not valid: illegal base64 or JSON')
  }
  const { v, rv, start } = parsed ?? {}
  if (v !== version) throw badRequest('continue key is not valid: server does not recognize this encoded version')
  if (typeof rv !== 'number' || !Number.isSafeInteger(rv) || rv === 0) {
    throw badRequest('continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)')
  }
  if (typeof start !== 'string' || start === '') {
    throw badRequest('continue key is not valid: encoded start key empty (version meta.k8s.io/v1)')
  }
  return { revision: rv, start }
}
