import { TokenRequest } from '../../api/authentication/v1/token-request.ts'
import { nodes } from '../../api/core/v1/node.ts'
import { type Pod, pods } from '../../api/core/v1/pod.ts'
import { secrets } from '../../api/core/v1/secret.ts'
import type { KubernetesObject } from '../../api/group-version.ts'
import { rfc3339 } from '../../base/clock.ts'
import { type FieldError, fieldInvalid, fieldTooLong } from '../../machinery/field-error.ts'
import { badRequest, conflict, invalid, notFound, statusError } from '../../machinery/status-error.ts'
import type { TokenRequest as Claims } from '../../pki/jwt.ts'
import type { ApiRequest, Operate, Registry } from '../registry/api-request.ts'
import { decodeBody, expected } from '../registry/decode.ts'
import { operationOf } from '../registry/pipeline.ts'
import { find } from '../registry/read.ts'
import { storageKey } from '../registry/storage-key.ts'
import type { Draft } from '../registry/strategy.ts'

const asTokenRequest = expected(TokenRequest, 'authentication.k8s.io/v1')
const shortest = 600
const longest = 2 ** 32
const hour = 3600

/** POST serviceaccounts/NAME/token: a token for the account, bound to an object when asked. */
export const createToken: Operate = async (registry, request) => {
  const asked = decodeBody(request, asTokenRequest) as Draft<TokenRequest>
  const { object: account } = await find(request)
  if (!registry.signToken) throw statusError('NotFound', 'this server signs no service account tokens')
  const spec = { ...asked.spec }
  const seconds = spec.expirationSeconds ?? hour
  const errors = lifetimeErrors(seconds)
  if (errors.length > 0)
    throw invalid({ group: 'authentication.k8s.io', resource: 'TokenRequest', name: account.metadata.name }, errors)
  const operation = operationOf(request, { operation: 'CREATE', object: asked, oldObject: undefined })
  await registry.admission.mutate(operation)
  await registry.admission.validate(operation)
  const { name, uid } = account.metadata
  const { token, claims } = registry.signToken({
    namespace: request.namespace ?? '',
    serviceAccount: { name, uid },
    expiresIn: seconds,
    ...(spec.audiences?.length && { audiences: spec.audiences }),
    ...(spec.boundObjectRef && (await bound(registry, request, spec.boundObjectRef))),
  })
  const { creationTimestamp } = account.metadata
  const object = {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: { name, namespace: request.namespace, creationTimestamp },
    spec: { ...spec, audiences: claims.aud, expirationSeconds: seconds },
    status: { token, expirationTimestamp: rfc3339((claims.iat + seconds) * 1000) },
  }
  return { type: 'object', code: 201, object }
}

function lifetimeErrors(seconds: number): FieldError[] {
  const field = 'spec.expirationSeconds'
  if (seconds < shortest) return [fieldInvalid(field, seconds, 'may not specify a duration less than 10 minutes')]
  return seconds > longest ? [fieldTooLong(field, longest)] : []
}

type Reference = NonNullable<Draft<TokenRequest>['spec']['boundObjectRef']>

/** The claims about the object that the token lives and dies with. */
async function bound(registry: Registry, request: ApiRequest, ref: Reference): Promise<Partial<Claims>> {
  const kind = `${ref.apiVersion ?? 'v1'} ${ref.kind}`
  const resource = { 'v1 Pod': pods, 'v1 Secret': secrets, 'v1 Node': nodes }[kind]
  if (!resource)
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(request.name)} to object of kind ${ref.kind}`,
    )
  const object = await lookUp(registry, resource, request.namespace, ref)
  const { name, uid } = object.metadata
  if (ref.kind === 'Node') return { node: { name, uid } }
  if (ref.kind === 'Secret') return { secret: { name, uid } }
  const pod = object as Pod
  if (pod.spec.serviceAccountName !== request.name) {
    const why = `cannot bind token for serviceaccount ${JSON.stringify(request.name)} to pod running with different serviceaccount name.`
    throw badRequest(why)
  }
  const { nodeName } = pod.spec
  if (!nodeName) return { pod: { name, uid } }
  const node = registry.table.of(nodes)
  await node.cache.ready()
  const there = node.cache.get(node.prefix + nodeName)?.object.metadata.uid
  return { pod: { name, uid }, node: { name: nodeName, ...(there && { uid: there }) } }
}

async function lookUp(
  registry: Registry,
  resource: typeof pods | typeof secrets | typeof nodes,
  namespace: string | undefined,
  { name = '', uid }: Reference,
): Promise<KubernetesObject> {
  const { cache, prefix } = registry.table.of(resource)
  await cache.fresh()
  const entry = cache.get(storageKey(prefix, resource.namespaced ? namespace : undefined, name))
  const subject = { group: '', resource: resource.plural, name }
  if (!entry) throw notFound(subject)
  if (uid && uid !== entry.object.metadata.uid) {
    throw conflict(
      subject,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    )
  }
  return entry.object
}
