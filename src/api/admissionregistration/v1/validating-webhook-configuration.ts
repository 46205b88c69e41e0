import { atomicList, dflt, int32, listBy, required, string } from '../../../schema/schema.ts'
import { ageColumn, integer, nameColumn } from '../../columns.ts'
import { admissionregistration } from '../../group-version.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'
import { MatchCondition } from './mutating-admission-policy.ts'
import { RuleWithOperations, WebhookClientConfig } from './mutating-webhook-configuration.ts'

export class ValidatingWebhook extends admissionregistration.type({
  admissionReviewVersions: required(atomicList(string())),
  clientConfig: required(WebhookClientConfig),
  failurePolicy: dflt(string(), 'Fail'),
  matchConditions: listBy(MatchCondition, ['name']),
  matchPolicy: dflt(string(), 'Equivalent'),
  name: required(string()),
  namespaceSelector: dflt(LabelSelector, {}),
  objectSelector: dflt(LabelSelector, {}),
  rules: atomicList(RuleWithOperations),
  sideEffects: required(string()),
  timeoutSeconds: dflt(int32(), 10),
}) {}

export class ValidatingWebhookConfiguration extends admissionregistration.object({
  webhooks: listBy(ValidatingWebhook, ['name']),
}) {}

export const validatingWebhookConfigurations = admissionregistration.resource(ValidatingWebhookConfiguration, {
  plural: 'validatingwebhookconfigurations',
  categories: ['api-extensions'],
  namespaced: false,
  columns: [nameColumn, integer('Webhooks', ({ webhooks = [] }) => webhooks.length), ageColumn],
})
