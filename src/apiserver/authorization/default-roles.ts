import { defaultBindings, kubeadmRoles } from './roles/bindings.ts'
import { rolesForControllers } from './roles/for-controllers.ts'
import { rolesForPeople } from './roles/for-people.ts'
import { rolesForSystem, rolesInNamespaces } from './roles/for-system.ts'
import type { RbacObject } from './roles/rule.ts'

/** Every role and binding that a cluster has from the start: upstream's, and kubeadm's. */
export const defaultRoles: readonly RbacObject[] = [
  ...rolesForPeople,
  ...rolesForSystem,
  ...rolesForControllers,
  ...rolesInNamespaces,
  ...defaultBindings,
  ...kubeadmRoles,
]
