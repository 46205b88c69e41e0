import type { FieldSelectorRequirement } from '../api/meta/v1/field-selector-requirement.ts'
import type { LabelSelectorRequirement } from '../api/meta/v1/label-selector.ts'
import type { User } from './user.ts'

/** What someone wants to do: an action on a resource, or on a path that is no resource. */
export interface Attributes {
  readonly user: User
  /** get, list, watch, create, update, patch, delete, deletecollection, ...; for paths the method in lower case. */
  readonly verb: string
  /** The request path; what counts when `resource` is absent. */
  readonly path: string
  /** '' is the core group. */
  readonly group?: string
  readonly version?: string
  /** Plural; absent for a path that is no resource (/healthz, /version, discovery). */
  readonly resource?: string
  readonly subresource?: string
  /** Absent: cluster-wide. */
  readonly namespace?: string
  readonly name?: string
  /** Requirements of a list's, watch's or deletecollection's selectors, where they could be parsed. */
  readonly fieldSelector?: readonly FieldSelectorRequirement[]
  readonly labelSelector?: readonly LabelSelectorRequirement[]
}

export interface Decision {
  readonly allowed: boolean
  /** Said no, rather than having no opinion. */
  readonly denied?: boolean
  /** Why; shown to the user after the standard text. */
  readonly reason: string
}

/** What a user may do in a namespace, in the shape of SelfSubjectRulesReview. */
export interface Rules {
  readonly resourceRules: readonly {
    readonly verbs: readonly string[]
    readonly apiGroups?: readonly string[]
    readonly resources?: readonly string[]
    readonly resourceNames?: readonly string[]
  }[]
  readonly nonResourceRules: readonly {
    readonly verbs: readonly string[]
    readonly nonResourceURLs?: readonly string[]
  }[]
  /** The list may lack rules that cannot be listed. */
  readonly incomplete: boolean
  readonly evaluationError?: string
}

/** Decides who may do what. Never throws for a refusal. */
export interface Authorizer {
  authorize(attributes: Attributes): Decision | Promise<Decision>
  rules?(user: User, namespace: string): Rules | Promise<Rules>
}
