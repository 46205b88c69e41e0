import type { Page } from './registry/api-request.ts'

/** metadata of a list. */
export function listMeta({ revision, next, remaining }: Page) {
  return {
    resourceVersion: String(revision),
    ...(next && { continue: next }),
    ...(remaining && { remainingItemCount: remaining }),
  }
}
