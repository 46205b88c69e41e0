import { ensureAll } from '../ensure.ts'
import { dnsObjects } from '../objects/dns.ts'
import { administrators, nodeRenewal } from '../objects/rbac.ts'
import { dnsAddress } from '../settings.ts'
import type { Up } from '../up.ts'

/** Applies what every cluster has besides its components: who its administrators are, and its DNS. */
export async function addons(up: Up): Promise<void> {
  await ensureAll(up.client!, [...administrators, ...nodeRenewal])
  const { clusterDomain } = up.settings
  await ensureAll(up.client!, dnsObjects({ domain: clusterDomain, address: dnsAddress(up.settings) }))
}
