const rbacGroup = 'rbac.authorization.k8s.io'

export function fillRoleRef(ref: Record<string, unknown>): void {
  if (!ref.apiGroup) ref.apiGroup = rbacGroup
}

/** Users and groups live in the RBAC group, service accounts in core. */
export function fillSubject(subject: Record<string, unknown>): void {
  if (!subject.apiGroup && (subject.kind === 'User' || subject.kind === 'Group')) subject.apiGroup = rbacGroup
}
