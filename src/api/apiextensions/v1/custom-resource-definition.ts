import {
  always,
  atomicList,
  bool,
  bytes,
  dflt,
  double,
  int32,
  int64,
  lazy,
  listBy,
  map,
  required,
  requiredDflt,
  type Schema,
  string,
} from '../../../schema/schema.ts'
import { createdAtColumn, nameColumn } from '../../columns.ts'
import { apiextensions } from '../../group-version.ts'
import { anyJson, schemaOrArray, schemaOrBool, schemaOrStringArray, time } from '../../meta/v1/scalars.ts'
import { fillCustomResourceDefinitionSpec } from './defaults.ts'

export class CustomResourceColumnDefinition extends apiextensions.type({
  description: string(),
  format: string(),
  jsonPath: required(string()),
  name: required(string()),
  priority: int32(),
  type: required(string()),
}) {}

export class ServiceReference extends apiextensions.type({
  name: required(string()),
  namespace: required(string()),
  path: string(),
  port: dflt(int32(), 443),
}) {}

export class WebhookClientConfig extends apiextensions.type({
  caBundle: bytes(),
  service: ServiceReference,
  url: string(),
}) {}

export class WebhookConversion extends apiextensions.type({
  clientConfig: WebhookClientConfig,
  conversionReviewVersions: required(atomicList(string())),
}) {}

export class CustomResourceConversion extends apiextensions.type({
  strategy: requiredDflt(string(), 'None'),
  webhook: WebhookConversion,
}) {}

export class CustomResourceDefinitionNames extends apiextensions.type({
  categories: atomicList(string()),
  kind: required(string()),
  listKind: string(),
  plural: required(string()),
  shortNames: atomicList(string()),
  singular: string(),
}) {}

export class CustomResourceSubresourceScale extends apiextensions.type({
  labelSelectorPath: string(),
  specReplicasPath: required(string()),
  statusReplicasPath: required(string()),
}) {}

export class CustomResourceSubresourceStatus extends apiextensions.type({}) {}

export class CustomResourceSubresources extends apiextensions.type({
  scale: CustomResourceSubresourceScale,
  status: CustomResourceSubresourceStatus,
}) {}

export class ExternalDocumentation extends apiextensions.type({
  description: string(),
  url: string(),
}) {}

export class ValidationRule extends apiextensions.type({
  fieldPath: string(),
  message: string(),
  messageExpression: string(),
  optionalOldSelf: bool(),
  reason: string(),
  rule: required(string()),
}) {}

/** What JSONSchemaProps reads as below itself: a type cannot contain itself, so its reader walks loose JSON. */
export type JSONSchemaPropsLike = Readonly<Record<string, unknown>>

export class JSONSchemaProps extends apiextensions.type({
  $ref: string(),
  $schema: string(),
  additionalItems: schemaOrBool(),
  additionalProperties: schemaOrBool(),
  allOf: atomicList(lazy<JSONSchemaPropsLike>((): Schema => JSONSchemaProps)),
  anyOf: atomicList(lazy<JSONSchemaPropsLike>((): Schema => JSONSchemaProps)),
  default: anyJson(),
  definitions: map(lazy<JSONSchemaPropsLike>((): Schema => JSONSchemaProps)),
  dependencies: map(schemaOrStringArray()),
  description: string(),
  enum: atomicList(anyJson()),
  example: anyJson(),
  exclusiveMaximum: bool(),
  exclusiveMinimum: bool(),
  externalDocs: ExternalDocumentation,
  format: string(),
  id: string(),
  items: schemaOrArray(),
  maxItems: int64(),
  maxLength: int64(),
  maxProperties: int64(),
  maximum: double(),
  minItems: int64(),
  minLength: int64(),
  minProperties: int64(),
  minimum: double(),
  multipleOf: double(),
  not: lazy<JSONSchemaPropsLike>((): Schema => JSONSchemaProps),
  nullable: bool(),
  oneOf: atomicList(lazy<JSONSchemaPropsLike>((): Schema => JSONSchemaProps)),
  pattern: string(),
  patternProperties: map(lazy<JSONSchemaPropsLike>((): Schema => JSONSchemaProps)),
  properties: map(lazy<JSONSchemaPropsLike>((): Schema => JSONSchemaProps)),
  required: atomicList(string()),
  title: string(),
  type: string(),
  uniqueItems: bool(),
  'x-kubernetes-embedded-resource': bool(),
  'x-kubernetes-int-or-string': bool(),
  'x-kubernetes-list-map-keys': atomicList(string()),
  'x-kubernetes-list-type': string(),
  'x-kubernetes-map-type': string(),
  'x-kubernetes-preserve-unknown-fields': bool(),
  'x-kubernetes-validations': listBy(ValidationRule, ['rule']),
}) {}

export class CustomResourceValidation extends apiextensions.type({
  openAPIV3Schema: JSONSchemaProps,
}) {}

export class SelectableField extends apiextensions.type({
  jsonPath: required(string()),
}) {}

export class CustomResourceDefinitionVersion extends apiextensions.type({
  additionalPrinterColumns: atomicList(CustomResourceColumnDefinition),
  deprecated: bool(),
  deprecationWarning: string(),
  name: required(string()),
  schema: CustomResourceValidation,
  selectableFields: atomicList(SelectableField),
  served: required(bool()),
  storage: required(bool()),
  subresources: CustomResourceSubresources,
}) {}

export class CustomResourceDefinitionSpec extends apiextensions.type(
  {
    conversion: dflt(CustomResourceConversion, {}),
    group: required(string()),
    names: required(CustomResourceDefinitionNames),
    preserveUnknownFields: bool(),
    scope: required(string()),
    versions: required(atomicList(CustomResourceDefinitionVersion)),
  },
  { fill: fillCustomResourceDefinitionSpec },
) {}

export class CustomResourceDefinitionCondition extends apiextensions.type({
  lastTransitionTime: time(),
  message: string(),
  observedGeneration: int64(),
  reason: string(),
  status: required(string()),
  type: required(string()),
}) {}

export class CustomResourceDefinitionStatus extends apiextensions.type({
  acceptedNames: CustomResourceDefinitionNames,
  conditions: listBy(CustomResourceDefinitionCondition, ['type'], {}),
  observedGeneration: int64(),
  storedVersions: atomicList(string()),
}) {}

export class CustomResourceDefinition extends apiextensions.object({
  spec: required(CustomResourceDefinitionSpec),
  status: always(CustomResourceDefinitionStatus),
}) {}

export const customResourceDefinitions = apiextensions.resource(CustomResourceDefinition, {
  plural: 'customresourcedefinitions',
  short: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  status: true,
  columns: [nameColumn, createdAtColumn],
})
