import { atomicList, bool, int64, map, required, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, text } from '../../columns.ts'
import { NodeSelector } from '../../core/v1/node-selector.ts'
import { resourceApi } from '../../group-version.ts'
import { quantity, time } from '../../meta/v1/scalars.ts'

export class CapacityRequestPolicyRange extends resourceApi.type({
  max: quantity(),
  min: required(quantity()),
  step: quantity(),
}) {}

export class CapacityRequestPolicy extends resourceApi.type({
  default: quantity(),
  validRange: CapacityRequestPolicyRange,
  validValues: atomicList(quantity()),
}) {}

export class Counter extends resourceApi.type({
  value: required(quantity()),
}) {}

export class CounterSet extends resourceApi.type({
  counters: required(map(Counter)),
  name: required(string()),
}) {}

export class DeviceAttribute extends resourceApi.type({
  bool: bool(),
  bools: atomicList(bool()),
  int: int64(),
  ints: atomicList(int64()),
  string: string(),
  strings: atomicList(string()),
  version: string(),
  versions: atomicList(string()),
}) {}

export class DeviceCapacity extends resourceApi.type({
  requestPolicy: CapacityRequestPolicy,
  value: required(quantity()),
}) {}

export class DeviceCounterConsumption extends resourceApi.type({
  counterSet: required(string()),
  counters: required(map(Counter)),
}) {}

export class DeviceTaint extends resourceApi.type({
  effect: required(string()),
  key: required(string()),
  timeAdded: time(),
  value: string(),
}) {}

export class NodeAllocatableResourceMapping extends resourceApi.type({
  allocationMultiplier: quantity(),
  capacityKey: string(),
}) {}

export class Device extends resourceApi.type({
  allNodes: bool(),
  allowMultipleAllocations: bool(),
  attributes: map(DeviceAttribute),
  bindingConditions: atomicList(string()),
  bindingFailureConditions: atomicList(string()),
  bindsToNode: bool(),
  capacity: map(DeviceCapacity),
  consumesCounters: atomicList(DeviceCounterConsumption),
  name: required(string()),
  nodeAllocatableResourceMappings: map(NodeAllocatableResourceMapping),
  nodeName: string(),
  nodeSelector: NodeSelector,
  taints: atomicList(DeviceTaint),
}) {}

export class ResourcePool extends resourceApi.type({
  generation: required(int64()),
  name: required(string()),
  resourceSliceCount: required(int64()),
}) {}

export class ResourceSliceSpec extends resourceApi.type({
  allNodes: bool(),
  devices: atomicList(Device),
  driver: required(string()),
  nodeName: string(),
  nodeSelector: NodeSelector,
  perDeviceNodeSelection: bool(),
  pool: required(ResourcePool),
  sharedCounters: atomicList(CounterSet),
}) {}

export class ResourceSlice extends resourceApi.object({
  spec: required(ResourceSliceSpec),
}) {}

export const resourceSlices = resourceApi.resource(ResourceSlice, {
  plural: 'resourceslices',
  namespaced: false,
  columns: [
    nameColumn,
    text('Node', ({ spec }) => spec.nodeName ?? ''),
    text('Driver', ({ spec }) => spec.driver),
    text('Pool', ({ spec }) => spec.pool.name),
    ageColumn,
  ],
})
