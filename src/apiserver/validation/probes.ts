import type { Lifecycle, LifecycleHandler } from '../../api/core/v1/lifecycle.ts'
import type { HTTPGetAction, Probe } from '../../api/core/v1/probe.ts'
import { type FieldError, fieldForbidden, fieldInvalid, fieldRequired } from '../../machinery/field-error.ts'
import { httpHeaderName, portName, portNumber } from '../../machinery/names.ts'
import { type Errors, each, named, nonEmpty, none, nonNegative, oneOf } from './rules.ts'

/** A probe, and what its role allows: only readiness may ask for several successes in a row. */
export function validateProbe(probe: Probe | undefined, path: string, role: 'readiness' | 'other'): Errors {
  if (!probe) return none
  const errors: FieldError[] = [...validateHandler(probe, path)]
  for (const field of numbers) errors.push(...nonNegative(probe[field], `${path}.${field}`))
  if (role === 'other' && probe.successThreshold !== 1) {
    errors.push(fieldInvalid(`${path}.successThreshold`, probe.successThreshold, 'must be 1'))
  }
  const grace = probe.terminationGracePeriodSeconds
  if (grace !== undefined && role === 'readiness') {
    errors.push(fieldInvalid(`${path}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes'))
  } else if (grace !== undefined && grace <= 0) {
    errors.push(fieldInvalid(`${path}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'))
  }
  return errors
}

const numbers = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const

type Handler = Partial<Pick<Probe, 'exec' | 'httpGet' | 'tcpSocket' | 'grpc'>> & Pick<LifecycleHandler, 'sleep'>

function validateHandler(handler: Handler, path: string): Errors {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler
  const given = [exec && 'exec', httpGet && 'httpGet', tcpSocket && 'tcpSocket', grpc && 'grpc', sleep && 'sleep']
  const [, ...extra] = given.filter(kind => kind !== undefined)
  const errors: FieldError[] = extra.map(kind =>
    fieldForbidden(`${path}.${kind}`, 'may not specify more than 1 handler type'),
  )
  if (exec) {
    if (!exec.command?.length) errors.push(fieldRequired(`${path}.exec.command`))
  } else if (httpGet) errors.push(...validateHttpGet(httpGet, `${path}.httpGet`))
  else if (tcpSocket) errors.push(...validatePort(tcpSocket.port, `${path}.tcpSocket.port`))
  else if (grpc) errors.push(...validatePort(grpc.port, `${path}.grpc.port`))
  else if (sleep) errors.push(...nonNegative(sleep.seconds, `${path}.sleep.seconds`))
  else errors.push(fieldRequired(path, 'must specify a handler type'))
  return errors
}

function validateHttpGet({ path: url, port, scheme, httpHeaders }: HTTPGetAction, path: string): Errors {
  return [
    ...nonEmpty(url, `${path}.path`),
    ...validatePort(port, `${path}.port`),
    ...oneOf(scheme, `${path}.scheme`, ['HTTP', 'HTTPS']),
    ...each(httpHeaders, `${path}.httpHeaders`, ({ name }, at) =>
      named(name || undefined, `${at}.name`, httpHeaderName),
    ),
  ]
}

/** A port by number or by name. */
export function validatePort(port: number | string | undefined, path: string): Errors {
  if (port === undefined) return none
  const wrong = typeof port === 'number' ? portNumber(port) : portName(port)
  return wrong.map(why => fieldInvalid(path, port, why))
}

/** The hooks of a container. */
export function validateLifecycle(lifecycle: Lifecycle | undefined, path: string): Errors {
  const { postStart, preStop } = lifecycle ?? {}
  return [
    ...(postStart ? validateHandler(postStart, `${path}.postStart`) : none),
    ...(preStop ? validateHandler(preStop, `${path}.preStop`) : none),
  ]
}
