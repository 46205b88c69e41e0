import { atomicList, bool, int64, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { AppArmorProfile, SELinuxOptions, SeccompProfile, WindowsSecurityContextOptions } from './security-context.ts'

export class Sysctl extends core.type({
  name: required(string()),
  value: required(string()),
}) {}

export class PodSecurityContext extends core.type({
  appArmorProfile: AppArmorProfile,
  fsGroup: int64(),
  fsGroupChangePolicy: string(),
  runAsGroup: int64(),
  runAsNonRoot: bool(),
  runAsUser: int64(),
  seLinuxChangePolicy: string(),
  seLinuxOptions: SELinuxOptions,
  seccompProfile: SeccompProfile,
  supplementalGroups: atomicList(int64()),
  supplementalGroupsPolicy: string(),
  sysctls: atomicList(Sysctl),
  windowsOptions: WindowsSecurityContextOptions,
}) {}
