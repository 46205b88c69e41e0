import type { SelfSubjectRulesReview } from '../../api/authorization/v1/self-subject-rules-review.ts'
import { badRequest } from '../../machinery/status-error.ts'
import type { Operate } from '../registry/api-request.ts'
import { decodeBody } from '../registry/decode.ts'
import type { Draft } from '../registry/strategy.ts'

/** SelfSubjectRulesReview: what may I do in a namespace? */
export const rulesReview: Operate = async (registry, request) => {
  const review = decodeBody(request) as Draft<SelfSubjectRulesReview>
  const namespace = review.spec?.namespace
  if (!namespace) throw badRequest('no namespace on request')
  const none = { resourceRules: [], nonResourceRules: [], incomplete: true }
  const status = (await registry.authorizer.rules?.(request.user, namespace)) ?? none
  return { type: 'object', code: 201, object: { ...review, status } }
}
