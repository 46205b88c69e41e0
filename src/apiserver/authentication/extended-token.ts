import type { TokenRequest } from '../../pki/jwt.ts'

/** Seconds that nobody but admission asks for: its mark on the tokens that every pod gets. */
const marked = 3607
const year = 365 * 24 * 3600

/**
 * Upstream: the token for the API that every pod gets is good for a year, because old clients read it only once. It
 * says from when on it should have been renewed; kubelets are told that time.
 */
export function extendedToken(request: TokenRequest, apiAudiences: readonly string[]): TokenRequest {
  const { expiresIn, audiences = [], pod } = request
  const forApi = audiences.every(audience => apiAudiences.includes(audience))
  return expiresIn === marked && pod && forApi ? { ...request, expiresIn: year, warnIn: expiresIn } : request
}
