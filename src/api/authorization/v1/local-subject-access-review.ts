import { always, atomicList, bool, list, map, required, string } from '../../../schema/schema.ts'
import { authorization } from '../../group-version.ts'
import { FieldSelectorRequirement } from '../../meta/v1/field-selector-requirement.ts'
import { LabelSelectorRequirement } from '../../meta/v1/label-selector.ts'

export class FieldSelectorAttributes extends authorization.type({
  rawSelector: string(),
  requirements: atomicList(FieldSelectorRequirement),
}) {}

export class LabelSelectorAttributes extends authorization.type({
  rawSelector: string(),
  requirements: atomicList(LabelSelectorRequirement),
}) {}

export class NonResourceAttributes extends authorization.type({
  path: string(),
  verb: string(),
}) {}

export class ResourceAttributes extends authorization.type({
  fieldSelector: FieldSelectorAttributes,
  group: string(),
  labelSelector: LabelSelectorAttributes,
  name: string(),
  namespace: string(),
  resource: string(),
  subresource: string(),
  verb: string(),
  version: string(),
}) {}

export class SubjectAccessReviewSpec extends authorization.type({
  extra: map(list(string())),
  groups: atomicList(string()),
  nonResourceAttributes: NonResourceAttributes,
  resourceAttributes: ResourceAttributes,
  uid: string(),
  user: string(),
}) {}

export class SubjectAccessReviewStatus extends authorization.type({
  allowed: required(bool()),
  denied: bool(),
  evaluationError: string(),
  reason: string(),
}) {}

export class LocalSubjectAccessReview extends authorization.object({
  spec: required(SubjectAccessReviewSpec),
  status: always(SubjectAccessReviewStatus),
}) {}

export const localSubjectAccessReviews = authorization.resource(LocalSubjectAccessReview, {
  plural: 'localsubjectaccessreviews',
  namespaced: true,
  verbs: ['create'],
})
