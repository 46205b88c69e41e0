import { always, atomicList, bool, dflt, int64, listBy, map, required, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { NodeSelector } from '../../core/v1/node-selector.ts'
import { resourceApi } from '../../group-version.ts'
import { Condition } from '../../meta/v1/condition.ts'
import { quantity, rawExtension, time } from '../../meta/v1/scalars.ts'
import { fillDeviceCount } from './defaults.ts'
import { DeviceSelector, OpaqueDeviceConfiguration } from './device-class.ts'

export class NetworkDeviceData extends resourceApi.type({
  hardwareAddress: string(),
  interfaceName: string(),
  ips: atomicList(string()),
}) {}

export class AllocatedDeviceStatus extends resourceApi.type({
  conditions: listBy(Condition, ['type'], {}),
  data: rawExtension(),
  device: required(string()),
  driver: required(string()),
  networkData: NetworkDeviceData,
  pool: required(string()),
  shareID: string(),
}) {}

export class DeviceAllocationConfiguration extends resourceApi.type({
  opaque: OpaqueDeviceConfiguration,
  requests: atomicList(string()),
  source: required(string()),
}) {}

export class DeviceToleration extends resourceApi.type({
  effect: string(),
  key: string(),
  operator: dflt(string(), 'Equal'),
  tolerationSeconds: int64(),
  value: string(),
}) {}

export class DeviceRequestAllocationResult extends resourceApi.type({
  adminAccess: bool(),
  bindingConditions: atomicList(string()),
  bindingFailureConditions: atomicList(string()),
  consumedCapacity: map(quantity()),
  device: required(string()),
  driver: required(string()),
  pool: required(string()),
  request: required(string()),
  shareID: string(),
  tolerations: atomicList(DeviceToleration),
}) {}

export class DeviceAllocationResult extends resourceApi.type({
  config: atomicList(DeviceAllocationConfiguration),
  results: atomicList(DeviceRequestAllocationResult),
}) {}

export class AllocationResult extends resourceApi.type({
  allocationTimestamp: time(),
  devices: DeviceAllocationResult,
  nodeSelector: NodeSelector,
}) {}

export class CapacityRequirements extends resourceApi.type({
  requests: map(quantity()),
}) {}

export class DeviceClaimConfiguration extends resourceApi.type({
  opaque: OpaqueDeviceConfiguration,
  requests: atomicList(string()),
}) {}

export class DeviceConstraint extends resourceApi.type({
  distinctAttribute: string(),
  matchAttribute: string(),
  requests: atomicList(string()),
}) {}

export class DeviceSubRequest extends resourceApi.type(
  {
    allocationMode: dflt(string(), 'ExactCount'),
    capacity: CapacityRequirements,
    count: int64(),
    deviceClassName: required(string()),
    name: required(string()),
    selectors: atomicList(DeviceSelector),
    tolerations: atomicList(DeviceToleration),
  },
  { fill: fillDeviceCount },
) {}

export class ExactDeviceRequest extends resourceApi.type(
  {
    adminAccess: bool(),
    allocationMode: dflt(string(), 'ExactCount'),
    capacity: CapacityRequirements,
    count: int64(),
    deviceClassName: required(string()),
    selectors: atomicList(DeviceSelector),
    tolerations: atomicList(DeviceToleration),
  },
  { fill: fillDeviceCount },
) {}

export class DeviceRequest extends resourceApi.type({
  exactly: ExactDeviceRequest,
  firstAvailable: atomicList(DeviceSubRequest),
  name: required(string()),
}) {}

export class DeviceClaim extends resourceApi.type({
  config: atomicList(DeviceClaimConfiguration),
  constraints: atomicList(DeviceConstraint),
  requests: atomicList(DeviceRequest),
}) {}

export class ResourceClaimSpec extends resourceApi.type({
  devices: DeviceClaim,
}) {}

export class ResourceClaimConsumerReference extends resourceApi.type({
  apiGroup: string(),
  name: required(string()),
  resource: required(string()),
  uid: required(string()),
}) {}

export class ResourceClaimStatus extends resourceApi.type({
  allocation: AllocationResult,
  devices: listBy(AllocatedDeviceStatus, ['driver', 'device', 'pool', 'shareID'], {}),
  reservedFor: listBy(ResourceClaimConsumerReference, ['uid']),
}) {}

export class ResourceClaim extends resourceApi.object({
  spec: required(ResourceClaimSpec),
  status: always(ResourceClaimStatus),
}) {}

export const resourceClaims = resourceApi.resource(ResourceClaim, {
  plural: 'resourceclaims',
  namespaced: true,
  status: true,
  columns: [
    nameColumn,
    text('State', ({ metadata, status }) => {
      const states = [
        metadata.deletionTimestamp && 'deleted',
        status.allocation && 'allocated',
        status.reservedFor?.length && 'reserved',
      ].filter(Boolean)
      return states.join(',') || 'pending'
    }),
    ageColumn,
  ],
})
