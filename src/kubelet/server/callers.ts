import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Access, Caller } from './access.ts'
import { HttpError } from './http-error.ts'
import { type Route, verbOf } from './routes.ts'

/** Who asks, by certificate or token; throws when nobody we know does, or may not do this. */
export async function admitCaller(request: IncomingMessage, route: Route, access: Access): Promise<Caller> {
  const caller = certificateCaller(request) ?? (await tokenCaller(request, access))
  if (!caller) throw new HttpError(401, 'Unauthorized')
  const verb = verbOf(request.method ?? 'GET', route)
  // Finer than upstream's "proxy" where it has a finer name too; who may proxy may do either.
  const allowed =
    (await access.authorize(caller, verb, route.resource)) ||
    (route.resource !== 'proxy' && (await access.authorize(caller, verb, 'proxy')))
  if (allowed) return caller
  const text = `Forbidden (user=${caller.name}, verb=${verb}, resource=nodes, subresource(s)=[${route.resource}])`
  throw new HttpError(403, text)
}

function certificateCaller(request: IncomingMessage): Caller | undefined {
  const socket = request.socket as TLSSocket
  if (!socket.authorized) return undefined
  const { subject } = socket.getPeerCertificate()
  // The groups are organizations; Node gives one as text, several as a list.
  const groups = [(subject?.O as string | string[] | undefined) ?? []].flat()
  const name = [subject?.CN ?? []].flat()[0]
  return name ? { name, groups: [...groups, 'system:authenticated'] } : undefined
}

async function tokenCaller(request: IncomingMessage, access: Access): Promise<Caller | undefined> {
  const token = /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
  return token ? access.authenticate(token.trim()) : access.anonymous
}
