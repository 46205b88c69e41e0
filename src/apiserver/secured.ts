/** The security of a real cluster: certificates and tokens, roles and the node's graph, admission, ways to kubelets. */

import type { KeyObject } from 'node:crypto'
import { logger } from '../base/log.ts'
import type { Client } from '../client/client.ts'
import { TokenIssuer } from '../pki/jwt.ts'
import { createAdmission } from './admission/admit.ts'
import { ensurePriorityClasses } from './admission/priority.ts'
import type { ApiServerOptions } from './api-server.ts'
import { type AuthenticationOptions, createAuthenticator } from './authentication/authenticate.ts'
import { extendedToken } from './authentication/extended-token.ts'
import { withImpersonation } from './authentication/impersonation.ts'
import { issuerDiscovery } from './authentication/issuer-discovery.ts'
import { keepAggregated } from './authorization/aggregate-roles.ts'
import { createAuthorizer } from './authorization/authorizer.ts'
import { ensureDefaultRoles } from './authorization/ensure-default-roles.ts'
import { createConnect } from './connect/handlers.ts'
import type { KubeletClientOptions } from './connect/kubelet-client.ts'
import type { Lister } from './lister.ts'

export interface SecurityOptions extends Omit<AuthenticationOptions, 'tokens'> {
  /** Service account tokens: who issues them, and the keys that sign and verify them. */
  readonly tokens:
    | TokenIssuer
    | {
        readonly issuer: string
        readonly key: KeyObject
        readonly audiences?: readonly string[]
      }
  /** The token of every pod is good for longer than it says to kubelets. @default true */
  readonly extendTokens?: boolean
  /** Admission plugins that are left out, by upstream's names. */
  readonly withoutAdmission?: ReadonlySet<string>
  /** How the server comes to kubelets; without it there are no logs, no exec, no proxies. */
  readonly kubelet?: KubeletClientOptions
}

/** The options of startApiServer that make it secure. */
export function secured(
  options: SecurityOptions,
): Pick<ApiServerOptions, 'security' | 'bootstrap' | 'signToken' | 'paths'> {
  const { kubelet, withoutAdmission, extendTokens, ...authentication } = options
  const tokens = options.tokens instanceof TokenIssuer ? options.tokens : new TokenIssuer(options.tokens)
  return {
    signToken: request => tokens.issue(extendTokens === false ? request : extendedToken(request, tokens.audiences)),
    paths: [issuerDiscovery(tokens)],
    security: (lister, store) => {
      const authorizer = createAuthorizer(lister)
      const authenticator = createAuthenticator(lister, { ...authentication, tokens })
      return {
        authorizer,
        authenticator: withImpersonation(authenticator, authorizer),
        admission: createAdmission(lister, authorizer, withoutAdmission, store),
        ...(kubelet && { connect: createConnect(lister, kubelet).handlers }),
      }
    },
    bootstrap,
  }
}

async function bootstrap(client: Client, lister: Lister): Promise<void> {
  await Promise.all([ensureDefaultRoles(client, lister), ensurePriorityClasses(client, lister)])
  const log = logger('apiserver')
  keepAggregated(client, lister, error => log.warn({ error }, 'the rules of aggregating roles were not written'))
}
