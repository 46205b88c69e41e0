import type { TokenReview } from '../../api/authentication/v1/token-review.ts'
import { badRequest } from '../../machinery/status-error.ts'
import type { Operate } from '../registry/api-request.ts'
import { decodeBody } from '../registry/decode.ts'
import type { Draft } from '../registry/strategy.ts'
import type { User } from '../user.ts'

const userInfo = ({ name, uid, groups, extra }: User) => ({
  username: name,
  ...(uid && { uid }),
  groups,
  ...(extra && { extra }),
})

/** SelfSubjectReview: who am I? */
export const selfSubjectReview: Operate = async (_, request) => {
  const review = decodeBody(request)
  return { type: 'object', code: 201, object: { ...review, status: { userInfo: userInfo(request.user) } } }
}

/** TokenReview: whose token is this? */
export const tokenReview: Operate = async (registry, request) => {
  const review = decodeBody(request) as Draft<TokenReview>
  const { token, audiences = [] } = review.spec ?? {}
  if (!token) throw badRequest('token is required for TokenReview in authentication')
  const found = await registry.authenticator.authenticateToken?.(token, audiences)
  const status = found
    ? { authenticated: true, user: userInfo(found.user), audiences: found.audiences }
    : { user: {}, error: 'token is not valid' }
  return { type: 'object', code: 201, object: { ...review, status } }
}
