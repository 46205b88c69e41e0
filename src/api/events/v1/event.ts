import { int32, required, string } from '../../../schema/schema.ts'
import { EventSource } from '../../core/v1/event.ts'
import { ObjectReference } from '../../core/v1/object-reference.ts'
import { eventsApi } from '../../group-version.ts'
import { microTime, time } from '../../meta/v1/scalars.ts'
import { eventColumns } from './event.columns.ts'

export class EventSeries extends eventsApi.type({
  count: required(int32()),
  lastObservedTime: required(microTime()),
}) {}

export class Event extends eventsApi.object({
  action: string(),
  deprecatedCount: int32(),
  deprecatedFirstTimestamp: time(),
  deprecatedLastTimestamp: time(),
  deprecatedSource: EventSource,
  eventTime: required(microTime()),
  note: string(),
  reason: string(),
  regarding: ObjectReference,
  related: ObjectReference,
  reportingController: string(),
  reportingInstance: string(),
  series: EventSeries,
  type: string(),
}) {}

export const events = eventsApi.resource(Event, {
  plural: 'events',
  short: ['ev'],
  namespaced: true,
  selectableFields: [
    'reason',
    'regarding.kind',
    'regarding.namespace',
    'regarding.name',
    'regarding.uid',
    'regarding.apiVersion',
    'regarding.resourceVersion',
    'regarding.fieldPath',
    'reportingController',
    'type',
  ],
  columns: eventColumns,
})
