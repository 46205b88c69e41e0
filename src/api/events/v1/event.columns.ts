import type { Column } from '../../../schema/resource.ts'
import { since, text, wide } from '../../columns.ts'
import type { Event } from './event.ts'

/** As those of core events. */
export const eventColumns: readonly Column<Event>[] = [
  text('Last Seen', ({ series, deprecatedLastTimestamp, eventTime }, now) =>
    since(series?.lastObservedTime ?? deprecatedLastTimestamp ?? eventTime, now),
  ),
  text('Type', event => event.type ?? ''),
  text('Reason', event => event.reason ?? ''),
  text('Object', ({ regarding: { kind = '', name = '' } = {} }) => `${kind.toLowerCase()}${name && `/${name}`}`),
  wide('Subobject', event => event.regarding?.fieldPath ?? ''),
  wide('Source', ({ deprecatedSource, reportingController, reportingInstance }) =>
    [deprecatedSource?.component || reportingController, deprecatedSource?.host || reportingInstance]
      .filter(Boolean)
      .join(', '),
  ),
  text('Message', event => (event.note ?? '').trim()),
  wide('First Seen', ({ deprecatedFirstTimestamp, eventTime }, now) =>
    since(deprecatedFirstTimestamp ?? eventTime, now),
  ),
  wide('Count', ({ series, deprecatedCount }) => String(series?.count ?? (deprecatedCount || 1))),
  { ...wide('Name', event => event.metadata.name), format: 'name' },
]
