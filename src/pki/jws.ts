import { createHmac, timingSafeEqual } from 'node:crypto'

/** The signature of cluster-info by a bootstrap token: a JWS (HS256) with its payload left out. */
export function detachedJws(content: string, tokenId: string, tokenSecret: string): string {
  // The order of the members matters: others compare the whole text.
  const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: tokenId })).toString('base64url')
  const signature = createHmac('sha256', tokenSecret)
    .update(`${header}.${Buffer.from(content).toString('base64url')}`)
    .digest('base64url')
  return `${header}..${signature}`
}

/** Whether a detached JWS is this token's over this content. */
export function isDetachedJws(jws: string, content: string, tokenId: string, tokenSecret: string): boolean {
  const expected = Buffer.from(detachedJws(content, tokenId, tokenSecret))
  const given = Buffer.from(jws)
  return expected.length === given.length && timingSafeEqual(expected, given)
}
