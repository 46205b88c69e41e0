import type { Change, ChangeType } from './cache/watch-event.ts'

/** What a watch sends, by what happens. */
export interface Frames {
  change(type: ChangeType, change: Change): Buffer
  bookmark(revision: number, initialEventsEnd: boolean): Buffer
}

/** The object of a bookmark: nothing but where the watch is. */
export function bookmarkObject(
  kind: { readonly kind: string; readonly apiVersion: string },
  revision: number,
  initialEventsEnd: boolean,
) {
  const annotations = initialEventsEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}
  return {
    kind: kind.kind,
    apiVersion: kind.apiVersion,
    metadata: { resourceVersion: String(revision), ...annotations },
  }
}
