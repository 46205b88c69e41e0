import { atomicList, required, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn } from '../../columns.ts'
import { resourceApi } from '../../group-version.ts'
import { rawExtension } from '../../meta/v1/scalars.ts'

export class CELDeviceSelector extends resourceApi.type({
  expression: required(string()),
}) {}

export class OpaqueDeviceConfiguration extends resourceApi.type({
  driver: required(string()),
  parameters: required(rawExtension()),
}) {}

export class DeviceClassConfiguration extends resourceApi.type({
  opaque: OpaqueDeviceConfiguration,
}) {}

export class DeviceSelector extends resourceApi.type({
  cel: CELDeviceSelector,
}) {}

export class DeviceClassSpec extends resourceApi.type({
  config: atomicList(DeviceClassConfiguration),
  extendedResourceName: string(),
  selectors: atomicList(DeviceSelector),
}) {}

export class DeviceClass extends resourceApi.object({
  spec: required(DeviceClassSpec),
}) {}

export const deviceClasses = resourceApi.resource(DeviceClass, {
  plural: 'deviceclasses',
  namespaced: false,
  columns: [nameColumn, ageColumn],
})
