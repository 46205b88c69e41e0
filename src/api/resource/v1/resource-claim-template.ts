import { required } from '../../../schema/schema.ts'
import { ageColumn, nameColumn } from '../../columns.ts'
import { resourceApi } from '../../group-version.ts'
import { ObjectMeta } from '../../meta/v1/object-meta.ts'
import { ResourceClaimSpec } from './resource-claim.ts'

export class ResourceClaimTemplateSpec extends resourceApi.type({
  metadata: ObjectMeta,
  spec: required(ResourceClaimSpec),
}) {}

export class ResourceClaimTemplate extends resourceApi.object({
  spec: required(ResourceClaimTemplateSpec),
}) {}

export const resourceClaimTemplates = resourceApi.resource(ResourceClaimTemplate, {
  plural: 'resourceclaimtemplates',
  namespaced: true,
  columns: [nameColumn, ageColumn],
})
