import type { Logger } from '../base/log.ts'
import type { Authenticator } from './authenticator.ts'
import type { Authorizer } from './authorizer.ts'
import type { ConnectHandlers } from './connect.ts'
import type { Registry } from './registry/api-request.ts'
import type { Reply, ServerRequest } from './request.ts'
import type { User } from './user.ts'

/** What answers requests on paths that are no resources; undefined: not its path. */
export type PathHandler = (request: ServerRequest, user: User) => Promise<Reply | undefined> | Reply | undefined

/** The server without any wire. */
export interface Core {
  readonly registry: Registry
  readonly authenticator: Authenticator
  readonly authorizer: Authorizer
  readonly paths: readonly PathHandler[]
  readonly connect: ConnectHandlers
  readonly log: Logger
}
