/** What lets other machines join: tokens, the rights of who holds one, and cluster-info for all to read. */
import { clusterInfoObjects } from '../cluster-info.ts'
import type { BootstrapTokenSpec } from '../config/types.ts'
import { ensureAll } from '../ensure.ts'
import { apiEndpoint, type ControlPlaneContext } from '../node-context.ts'
import { administrators, nodeBootstrap } from '../objects/rbac.ts'
import { rotationRights } from '../rotation/state.ts'
import { ensureToken } from '../tokens.ts'
import type { Phase } from './phase.ts'

export interface BootstrapTokens extends ControlPlaneContext {
  readonly bootstrapTokens: readonly BootstrapTokenSpec[]
}

export const bootstrapTokenPhase: Phase<BootstrapTokens> = {
  name: 'bootstrap-token',
  does: 'Let other machines join',
  async run(context) {
    const client = await context.admin()
    const cluster = await context.cluster()
    await ensureAll(client, [...administrators, ...nodeBootstrap, ...rotationRights])
    for (const token of context.bootstrapTokens) await ensureToken(client, token)
    const ca = await context.host.files.read(`${cluster.certificatesDir}/ca.crt`)
    const server = `https://${apiEndpoint(cluster, context.endpoint)}`
    await ensureAll(client, clusterInfoObjects({ server, ca }))
  },
}
