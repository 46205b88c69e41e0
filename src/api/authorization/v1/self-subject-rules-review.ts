import { always, atomicList, bool, required, string } from '../../../schema/schema.ts'
import { authorization } from '../../group-version.ts'

export class NonResourceRule extends authorization.type({
  nonResourceURLs: atomicList(string()),
  verbs: required(atomicList(string())),
}) {}

export class ResourceRule extends authorization.type({
  apiGroups: atomicList(string()),
  resourceNames: atomicList(string()),
  resources: atomicList(string()),
  verbs: required(atomicList(string())),
}) {}

export class SelfSubjectRulesReviewSpec extends authorization.type({
  namespace: string(),
}) {}

export class SubjectRulesReviewStatus extends authorization.type({
  evaluationError: string(),
  incomplete: required(bool()),
  nonResourceRules: required(atomicList(NonResourceRule)),
  resourceRules: required(atomicList(ResourceRule)),
}) {}

export class SelfSubjectRulesReview extends authorization.object({
  spec: required(SelfSubjectRulesReviewSpec),
  status: always(SubjectRulesReviewStatus),
}) {}

export const selfSubjectRulesReviews = authorization.resource(SelfSubjectRulesReview, {
  plural: 'selfsubjectrulesreviews',
  namespaced: false,
  verbs: ['create'],
})
