import { badRequest } from '../../machinery/status-error.ts'
import { demandAllowed } from '../access.ts'
import { type Authenticator, type Credentials, headerValues } from '../authenticator.ts'
import type { Attributes, Authorizer } from '../authorizer.ts'
import type { User } from '../user.ts'
import { extraOf } from './front-proxy.ts'
import { serviceAccountGroups } from './service-account-token.ts'

const extraPrefix = 'impersonate-extra-'

/** Lets those who may impersonate others act as them: the headers Impersonate-User, -Group, -Uid and -Extra-*. */
export function withImpersonation(authenticator: Authenticator, authorizer: Authorizer): Authenticator {
  return {
    ...authenticator,
    async authenticate(credentials) {
      const user = await authenticator.authenticate(credentials)
      if (!asks(credentials.headers)) return user
      return impersonated(
        user ?? { name: 'system:anonymous', groups: ['system:unauthenticated'] },
        credentials,
        authorizer,
      )
    },
  }
}

function asks(headers: Credentials['headers']): boolean {
  if (headers['impersonate-user'] !== undefined || headers['impersonate-group'] !== undefined) return true
  if (headers['impersonate-uid'] !== undefined) return true
  for (const name in headers) if (name.startsWith(extraPrefix)) return true
  return false
}

async function impersonated(user: User, credentials: Credentials, authorizer: Authorizer): Promise<User> {
  const { headers } = credentials
  const name = headers['impersonate-user']
  const groups = headerValues(credentials, 'impersonate-group')
  const uid = headers['impersonate-uid']
  const extra = extraOf(credentials, extraPrefix)
  if (!name) throw badRequest('groups, uid or extra fields were given to impersonate without a user')
  const may = (what: Partial<Attributes>) =>
    demandAllowed(authorizer, { user, verb: 'impersonate', path: '', group: '', version: 'v1', ...what })
  const account = accountOf(name)
  if (account) await may({ resource: 'serviceaccounts', ...account })
  else await may({ resource: 'users', name })
  for (const group of groups) await may({ resource: 'groups', name: group })
  if (uid) await may({ group: 'authentication.k8s.io', resource: 'uids', name: uid })
  for (const [key, values] of Object.entries(extra ?? {})) {
    for (const value of values)
      await may({ group: 'authentication.k8s.io', resource: 'userextras', subresource: key, name: value })
  }
  return { name, groups: groupsOf(name, groups, account), ...(uid && { uid }), ...(extra && { extra }) }
}

function accountOf(name: string): { namespace: string; name: string } | undefined {
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name) ?? []
  return namespace && account ? { namespace, name: account } : undefined
}

function groupsOf(name: string, given: readonly string[], account: { namespace: string } | undefined): string[] {
  if (name === 'system:anonymous') return [...new Set([...given, 'system:unauthenticated'])]
  const own = account && given.length === 0 ? serviceAccountGroups(account.namespace) : given
  return [...new Set([...own, 'system:authenticated'])]
}
