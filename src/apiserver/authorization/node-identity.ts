import type { User } from '../user.ts'

/** A kubelet as a user: whose node it is, or '' when its name does not say. */
export interface NodeIdentity {
  readonly name: string
}

const prefix = 'system:node:'
const known = new WeakMap<User, NodeIdentity | 'none'>()

/** Undefined for users that are no kubelets. */
export function nodeIdentity(user: User): NodeIdentity | undefined {
  let found = known.get(user)
  if (found === undefined) {
    const isNode = user.groups.includes('system:nodes')
    found = isNode ? { name: user.name.startsWith(prefix) ? user.name.slice(prefix.length) : '' } : 'none'
    known.set(user, found)
  }
  return found === 'none' ? undefined : found
}
