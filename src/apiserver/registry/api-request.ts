import type { KubernetesObject } from '../../api/group-version.ts'
import type { Clock } from '../../base/clock.ts'
import type { ApiVerb, PatchType } from '../../client/transport.ts'
import type { TokenIssuer } from '../../pki/jwt.ts'
import type { Admission } from '../admission.ts'
import type { Authenticator } from '../authenticator.ts'
import type { Authorizer } from '../authorizer.ts'
import type { Entry } from '../cache/entry.ts'
import type { Change, ChangeType } from '../cache/watch-event.ts'
import type { User } from '../user.ts'
import type { ResourceTable, Served } from './served.ts'
import type { Draft } from './strategy.ts'

/** An authorized call on a resource, whatever carried it. */
export interface ApiRequest {
  readonly verb: ApiVerb
  readonly served: Served
  readonly namespace: string | undefined
  readonly name: string | undefined
  readonly subresource: string
  readonly user: User
  /** The client's name for itself. */
  readonly agent?: string | undefined
  /** Query parameters by their names on the wire. */
  readonly param: (name: string) => string | undefined
  /** The parsed body; belongs to the server when `owned`, else it is copied before any change. */
  readonly body: unknown
  readonly owned: boolean
  readonly patchType?: PatchType | undefined
  /** Adds a Warning header to the answer. */
  readonly warn: (text: string) => void
}

/** A page of a list. */
export interface Page {
  readonly served: Served
  readonly entries: readonly Entry[]
  readonly revision: number
  readonly next?: string | undefined
  readonly remaining?: number | undefined
}

/** Who follows a watch. Called in order, at once when things happen. */
export interface Follower {
  change(type: ChangeType, change: Change): void
  bookmark(revision: number, initialEventsEnd: boolean): void
  /** The watch is over; no error: its time is up. */
  ended(error?: Error): void
}

/** What the registry answers; its bytes or objects are made where they are needed. */
export type Answer =
  | { readonly type: 'entry'; readonly code: number; readonly entry: Entry; readonly served: Served }
  | { readonly type: 'object'; readonly code: number; readonly object: object; readonly served?: Served }
  | ({ readonly type: 'list' } & Page)
  | { readonly type: 'watch'; readonly served: Served; readonly follow: (follower: Follower) => () => void }

/** What a kind needs done around a write beyond its strategy: taking addresses, for example. */
export interface WriteHook {
  /** Called when the object is valid, before it is written; may change it. What it answers is told how the write went. */
  before(
    draft: Draft<KubernetesObject>,
    old: KubernetesObject | undefined,
  ): AroundWrite | undefined | Promise<AroundWrite | undefined>
}

/** How a write went; `unknown`: the store did not answer. */
export type Outcome = 'stored' | 'failed' | 'unknown'
export interface AroundWrite {
  over(outcome: Outcome): void | Promise<void>
}

/** What all operations share. */
export interface Registry {
  readonly table: ResourceTable
  readonly admission: Admission
  readonly clock: Clock
  /** By group and plural: `/services`, `apps/deployments`. */
  readonly hooks: ReadonlyMap<string, WriteHook>
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  /** Signs service account tokens. */
  readonly signToken?: TokenIssuer['issue'] | undefined
}

/** Carries out one kind of request. */
export type Operate = (registry: Registry, request: ApiRequest) => Promise<Answer>

/** The hook for writes of the request's own object. */
export function hookOf(
  registry: Registry,
  { served: { resource } }: Pick<ApiRequest, 'served'>,
): WriteHook | undefined {
  return registry.hooks.get(`${resource.group}/${resource.plural}`)
}
