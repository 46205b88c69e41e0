import type { PodSecurityContext } from '../../api/core/v1/pod-security-context.ts'
import type { SeccompProfile, SecurityContext } from '../../api/core/v1/security-context.ts'
import { type FieldError, fieldDuplicate, fieldInvalid, fieldRequired } from '../../machinery/field-error.ts'
import { between, type Errors, each, none, oneOf } from './rules.ts'

const mostId = 2_147_483_647
const id = (value: number | undefined, path: string) => between(value, path, 0, mostId)

/** What a container may do. */
export function validateSecurityContext(context: SecurityContext | undefined, path: string, hostUsers = true): Errors {
  if (!context) return none
  const errors: FieldError[] = [
    ...id(context.runAsUser, `${path}.runAsUser`),
    ...id(context.runAsGroup, `${path}.runAsGroup`),
    ...oneOf(context.procMount, `${path}.procMount`, ['Default', 'Unmasked']),
    ...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`),
    ...oneOf(context.appArmorProfile?.type || undefined, `${path}.appArmorProfile.type`, profileTypes),
  ]
  if (context.procMount === 'Unmasked' && hostUsers) {
    errors.push(fieldInvalid(`${path}.procMount`, context.procMount, '`hostUsers` must be false to use `Unmasked`'))
  }
  if (context.allowPrivilegeEscalation !== false) return errors
  if (context.privileged) {
    errors.push(fieldInvalid(path, context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'))
  }
  if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
    const why = 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'
    errors.push(fieldInvalid(path, context, why))
  }
  return errors
}

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined']

function validateSeccomp(profile: SeccompProfile | undefined, path: string): Errors {
  if (!profile?.type) return none
  const { type, localhostProfile } = profile
  if (type === 'Localhost' && !localhostProfile) {
    return [fieldRequired(`${path}.localhostProfile`, 'must be set when seccomp type is Localhost')]
  }
  if (type !== 'Localhost' && localhostProfile !== undefined) {
    return [
      fieldInvalid(`${path}.localhostProfile`, localhostProfile, 'can only be set when seccomp type is Localhost'),
    ]
  }
  return oneOf(type, `${path}.type`, profileTypes)
}

const sysctlName = /^[a-z0-9]([-_a-z0-9]*[a-z0-9])?([./][a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$/

/** What all containers of a pod may do. */
export function validatePodSecurityContext(context: PodSecurityContext | undefined, path: string): Errors {
  if (!context) return none
  const names = new Set<string>()
  return [
    ...id(context.fsGroup, `${path}.fsGroup`),
    ...id(context.runAsUser, `${path}.runAsUser`),
    ...id(context.runAsGroup, `${path}.runAsGroup`),
    ...each(context.supplementalGroups, `${path}.supplementalGroups`, id),
    ...oneOf(context.fsGroupChangePolicy, `${path}.fsGroupChangePolicy`, ['Always', 'OnRootMismatch']),
    ...oneOf(context.supplementalGroupsPolicy, `${path}.supplementalGroupsPolicy`, ['Merge', 'Strict']),
    ...validateSeccomp(context.seccompProfile, `${path}.seccompProfile`),
    ...oneOf(context.appArmorProfile?.type || undefined, `${path}.appArmorProfile.type`, profileTypes),
    ...each(context.sysctls, `${path}.sysctls`, ({ name }, at) => {
      if (!name) return none
      if (names.has(name)) return [fieldDuplicate(`${at}.name`, name)]
      names.add(name)
      return sysctlName.test(name)
        ? none
        : [fieldInvalid(`${at}.name`, name, `must have at most 253 characters and match regex ${sysctlName.source}`)]
    }),
  ]
}
