import { atomicList, bool, int64, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'

export class AppArmorProfile extends core.type(
  {
    localhostProfile: string(),
    type: required(string()),
  },
  { unions: [{ discriminator: 'type', 'fields-to-discriminateBy': { localhostProfile: 'LocalhostProfile' } }] },
) {}

export class Capabilities extends core.type({
  add: atomicList(string()),
  drop: atomicList(string()),
}) {}

export class SELinuxOptions extends core.type({
  level: string(),
  role: string(),
  type: string(),
  user: string(),
}) {}

export class SeccompProfile extends core.type(
  {
    localhostProfile: string(),
    type: required(string()),
  },
  { unions: [{ discriminator: 'type', 'fields-to-discriminateBy': { localhostProfile: 'LocalhostProfile' } }] },
) {}

export class WindowsSecurityContextOptions extends core.type({
  gmsaCredentialSpec: string(),
  gmsaCredentialSpecName: string(),
  hostProcess: bool(),
  runAsUserName: string(),
}) {}

export class SecurityContext extends core.type({
  allowPrivilegeEscalation: bool(),
  appArmorProfile: AppArmorProfile,
  capabilities: Capabilities,
  privileged: bool(),
  procMount: string(),
  readOnlyRootFilesystem: bool(),
  runAsGroup: int64(),
  runAsNonRoot: bool(),
  runAsUser: int64(),
  seLinuxOptions: SELinuxOptions,
  seccompProfile: SeccompProfile,
  windowsOptions: WindowsSecurityContextOptions,
}) {}
