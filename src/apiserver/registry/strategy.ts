import type { KubernetesObject } from '../../api/group-version.ts'
import type { FieldError } from '../../machinery/field-error.ts'
import type { User } from '../user.ts'

/** An object while the server still works on it: after defaulting, before it is frozen and written. */
export type Draft<T> = T extends (infer E)[]
  ? Draft<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Draft<T[K]> }
    : T

/** Who asks, and what for: what a strategy may depend on besides the object. */
export interface RequestContext {
  readonly user: User
  readonly dryRun: boolean
  /** '' for the object itself, else `status`, `ephemeralcontainers`, `resize`, ... */
  readonly subresource: string
}

/**
 * What a kind adds to the generic way of a write. The registry itself does metadata (uid, creationTimestamp,
 * generation when spec changed, finalizers, graceful deletion), pruning, defaulting, structural validation,
 * status kept on a spec write and spec kept on a status write.
 */
export interface Strategy<T extends KubernetesObject = KubernetesObject> {
  /** Clear or set what a client may not give when creating. */
  prepareCreate?(object: Draft<T>, context: RequestContext): void
  /** The same for an update; `old` is the stored object. */
  prepareUpdate?(object: Draft<T>, old: T, context: RequestContext): void
  /** Everything wrong with the object; also called for updates. */
  validate?(object: T, context: RequestContext): readonly FieldError[]
  /** What may not change. */
  validateUpdate?(object: T, old: T, context: RequestContext): readonly FieldError[]
  /**
   * Seconds the object may take to go once deleted (pods: spec.terminationGracePeriodSeconds unless given); undefined
   * or 0: at once.
   */
  gracePeriod?(object: T, asked: number | undefined): number | undefined
  /** Names of the rules for metadata.name; default: DNS subdomain. */
  readonly name?: 'subdomain' | 'label' | 'label1035' | 'path'
  /** metadata.generation is kept for this kind (it has a spec that controllers observe). Default: it has a status subresource. */
  readonly generation?: boolean
  /** A writer may give the status when creating (nodes). Default: it is dropped. */
  readonly statusOnCreate?: boolean
}
