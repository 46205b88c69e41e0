import type { Column } from '../../../schema/resource.ts'
import { since, text, wide } from '../../columns.ts'
import type { Event } from './event.ts'

/** Events are told by when they were last seen; their names say nothing. */
export const eventColumns: readonly Column<Event>[] = [
  text('Last Seen', ({ series, lastTimestamp, eventTime }, now) =>
    since(series?.lastObservedTime ?? lastTimestamp ?? eventTime, now),
  ),
  text('Type', event => event.type ?? ''),
  text('Reason', event => event.reason ?? ''),
  text('Object', ({ involvedObject: { kind = '', name = '' } }) => `${kind.toLowerCase()}${name && `/${name}`}`),
  wide('Subobject', event => event.involvedObject.fieldPath ?? ''),
  wide('Source', ({ source, reportingComponent, reportingInstance }) =>
    [source?.component || reportingComponent, source?.host || reportingInstance].filter(Boolean).join(', '),
  ),
  text('Message', event => (event.message ?? '').trim()),
  wide('First Seen', ({ firstTimestamp, eventTime }, now) => since(firstTimestamp ?? eventTime, now)),
  wide('Count', ({ series, count }) => String(series?.count ?? (count || 1))),
  { ...wide('Name', event => event.metadata.name), format: 'name' },
]
