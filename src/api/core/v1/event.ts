import { int32, required, requiredAlways, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { ObjectMeta } from '../../meta/v1/object-meta.ts'
import { microTime, time } from '../../meta/v1/scalars.ts'
import { eventColumns } from './event.columns.ts'
import { ObjectReference } from './object-reference.ts'

export class EventSeries extends core.type({
  count: int32(),
  lastObservedTime: microTime(),
}) {}

export class EventSource extends core.type({
  component: string(),
  host: string(),
}) {}

export class Event extends core.object({
  metadata: requiredAlways(ObjectMeta),
  action: string(),
  count: int32(),
  eventTime: microTime(),
  firstTimestamp: time(),
  involvedObject: required(ObjectReference),
  lastTimestamp: time(),
  message: string(),
  reason: string(),
  related: ObjectReference,
  reportingComponent: string(),
  reportingInstance: string(),
  series: EventSeries,
  source: EventSource,
  type: string(),
}) {}

export const events = core.resource(Event, {
  plural: 'events',
  short: ['ev'],
  namespaced: true,
  selectableFields: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  columns: eventColumns,
})
