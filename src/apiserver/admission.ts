import type { KubernetesObject } from '../api/group-version.ts'
import type { AnyResource } from '../schema/resource.ts'
import type { Draft } from './registry/strategy.ts'
import type { User } from './user.ts'

/** One write on its way into the store (or a connection about to be opened), as admission sees it. */
export interface Operation {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly resource: AnyResource
  /** '' for the object itself. */
  readonly subresource: string
  readonly namespace: string | undefined
  /** '' while a create waits for its generated name. */
  readonly name: string
  readonly user: User
  readonly dryRun: boolean
  /** The object to be stored; `mutate` changes it in place. Absent for DELETE; for CONNECT the options. */
  readonly object: Draft<KubernetesObject> | undefined
  /** What is stored now; absent for CREATE. Frozen. */
  readonly oldObject: KubernetesObject | undefined
  /** CreateOptions, UpdateOptions, PatchOptions or DeleteOptions as given. */
  readonly options: Readonly<Record<string, unknown>>
  /** Adds a Warning header to the answer. */
  warn(text: string): void
}

/** Has a say in every write. Both refuse by throwing a StatusError (Forbidden, Invalid, ...); neither may block the loop. */
export interface Admission {
  /** Before validation; may be called again for the same request after a lost compare-and-swap, with a fresh object. */
  mutate(operation: Operation): void | Promise<void>
  /** After validation; `object` is final and must not be changed. */
  validate(operation: Operation): void | Promise<void>
}
