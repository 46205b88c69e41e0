import type { Authorizer } from '../authorizer.ts'
import type { Lister } from '../lister.ts'
import { masters } from './masters.ts'
import { nodeAuthorizer } from './node.ts'
import { Rbac } from './rbac.ts'
import { firstOf } from './union.ts'

/** How a cluster decides who may do what: system:masters everything, kubelets by their pods, all others by roles. */
export function createAuthorizer(lister: Lister): Authorizer {
  return firstOf([masters, nodeAuthorizer(lister), new Rbac(lister)])
}
