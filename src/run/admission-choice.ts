import { FlagError } from '../base/flags.ts'

/** Plugins that are on, by upstream's names. */
const own = [
  'CertificateApproval',
  'CertificateSigning',
  'CertificateSubjectRestriction',
  'DefaultIngressClass',
  'DefaultStorageClass',
  'DefaultTolerationSeconds',
  'LimitRanger',
  'NodeRestriction',
  'PodSecurity',
  'Priority',
  'ResourceQuota',
  'RuntimeClass',
  'ServiceAccount',
  'StorageObjectInUseProtection',
  'TaintNodesByCondition',
]

/** Upstream's names for what is here in another place, and cannot be left out. */
const alwaysOn = ['NamespaceLifecycle', 'PersistentVolumeClaimResize']
/** On by default upstream, for kinds that have no effect here yet: leaving them out changes nothing. */
const withoutEffect = [
  'ClusterTrustBundleAttest',
  'DefaultServiceExternalIPs',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionWebhook',
  'PodTopologyLabels',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
]

/** The plugins to leave out; throws for names that nobody knows, or that cannot be had. */
export function admissionChoice(enable: readonly string[], disable: readonly string[]): ReadonlySet<string> {
  for (const name of enable) {
    if (own.includes(name) || alwaysOn.includes(name)) continue
    const known = `those that can be had are ${[...own, ...alwaysOn].sort().join(', ')}`
    throw new FlagError(`--enable-admission-plugins=${name}: there is no such plugin; ${known}`)
  }
  for (const name of disable) {
    if (alwaysOn.includes(name)) throw new FlagError(`--disable-admission-plugins=${name}: it cannot be left out`)
    if (!own.includes(name) && !withoutEffect.includes(name)) {
      throw new FlagError(`--disable-admission-plugins=${name}: there is no such plugin`)
    }
    if (enable.includes(name)) throw new FlagError(`${name} is in --enable- and --disable-admission-plugins`)
  }
  return new Set(disable)
}
