import { atomicList, bytes, dflt, int32, listBy, required, string } from '../../../schema/schema.ts'
import { ageColumn, integer, nameColumn } from '../../columns.ts'
import { admissionregistration } from '../../group-version.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'
import { MatchCondition } from './mutating-admission-policy.ts'

export class RuleWithOperations extends admissionregistration.type({
  apiGroups: atomicList(string()),
  apiVersions: atomicList(string()),
  operations: atomicList(string()),
  resources: atomicList(string()),
  scope: dflt(string(), '*'),
}) {}

export class ServiceReference extends admissionregistration.type({
  name: required(string()),
  namespace: required(string()),
  path: string(),
  port: dflt(int32(), 443),
}) {}

export class WebhookClientConfig extends admissionregistration.type({
  caBundle: bytes(),
  service: ServiceReference,
  url: string(),
}) {}

export class MutatingWebhook extends admissionregistration.type({
  admissionReviewVersions: required(atomicList(string())),
  clientConfig: required(WebhookClientConfig),
  failurePolicy: dflt(string(), 'Fail'),
  matchConditions: listBy(MatchCondition, ['name']),
  matchPolicy: dflt(string(), 'Equivalent'),
  name: required(string()),
  namespaceSelector: dflt(LabelSelector, {}),
  objectSelector: dflt(LabelSelector, {}),
  reinvocationPolicy: dflt(string(), 'Never'),
  rules: atomicList(RuleWithOperations),
  sideEffects: required(string()),
  timeoutSeconds: dflt(int32(), 10),
}) {}

export class MutatingWebhookConfiguration extends admissionregistration.object({
  webhooks: listBy(MutatingWebhook, ['name']),
}) {}

export const mutatingWebhookConfigurations = admissionregistration.resource(MutatingWebhookConfiguration, {
  plural: 'mutatingwebhookconfigurations',
  categories: ['api-extensions'],
  namespaced: false,
  columns: [nameColumn, integer('Webhooks', ({ webhooks = [] }) => webhooks.length), ageColumn],
})
