import type { Service } from '../../api/core/v1/service.ts'
import { fieldInvalid } from '../../machinery/field-error.ts'
import { statusError } from '../../machinery/status-error.ts'
import type { AroundWrite } from '../registry/api-request.ts'
import type { Draft } from '../registry/strategy.ts'
import { refuse, refuseAddress } from './refuse-service.ts'
import { addressesOf, nodePortsOf } from './service-fields.ts'
import type { RangeName, SharedRanges } from './shared-ranges.ts'

type Value = readonly [RangeName, string]

export interface Agreement {
  readonly shared: SharedRanges
  readonly service: Draft<Service>
  readonly old: Service | undefined
  /** What the writer chose, not this server. */
  readonly asked: ReadonlySet<string>
  /** What this server chose, or let the writer have. */
  readonly taken: readonly Value[]
  /** Another value of a range, from what this server knows. */
  readonly another: (range: RangeName) => string
  /** Lets other writes of this server have what was taken. */
  readonly release: () => void
}

/** Values tried that turn out to be somebody else's. */
const mostTries = 64

/** Claims what was taken; what somebody else has is replaced, or refused if it was asked for. */
export async function agree({ shared, service, old, asked, taken, another, release }: Agreement): Promise<AroundWrite> {
  const { namespace = '', name, uid } = service.metadata
  const owner = { namespace, name, uid }
  const claimed: Value[] = []
  const giveBack = () => Promise.all(claimed.map(([range, value]) => shared.release(range, value, owner)))
  const claim = async ([range, first]: Value) => {
    let value = first
    for (let tries = 1; !(await shared.take(range, value, owner, asked.has(value))); tries += 1) {
      if (asked.has(value)) refuseValue(service, range, value)
      if (tries === mostTries)
        throw statusError('InternalError', `failed to allocate one of the service ${range}: all are taken`)
      const other = another(range)
      replaceValue(service, range, value, other)
      value = other
    }
    claimed.push([range, value])
  }
  try {
    for (const value of taken) await claim(value)
  } catch (error) {
    release()
    await giveBack()
    throw error
  }
  return {
    async over(outcome) {
      release()
      if (outcome === 'failed') await giveBack()
      if (outcome !== 'stored' || !old) return
      const kept = new Set(valuesOf(service.spec).map(([, value]) => value))
      const dropped = valuesOf(old.spec).filter(([, value]) => !kept.has(value))
      await Promise.all(dropped.map(([range, value]) => shared.release(range, value, owner)))
    },
  }
}

function valuesOf(spec: Service['spec'] | Draft<Service['spec']>): readonly Value[] {
  return [
    ...addressesOf(spec).map(ip => ['ips', ip] as const),
    ...nodePortsOf(spec).map(port => ['ports', String(port)] as const),
  ]
}

function refuseValue(service: Draft<Service>, range: RangeName, value: string): never {
  if (range === 'ips') refuseAddress(service, value, 'provided IP is already allocated')
  const at = (service.spec.ports ?? []).findIndex(({ nodePort }) => String(nodePort) === value)
  const field = at < 0 ? 'spec.healthCheckNodePort' : `spec.ports[${at}].nodePort`
  refuse(service, fieldInvalid(field, Number(value), 'provided port is already allocated'))
}

function replaceValue({ spec }: Draft<Service>, range: RangeName, from: string, to: string): void {
  if (range === 'ips') {
    spec.clusterIP = to
    spec.clusterIPs = [to]
    return
  }
  for (const port of spec.ports ?? []) if (String(port.nodePort) === from) port.nodePort = Number(to)
  if (String(spec.healthCheckNodePort) === from) spec.healthCheckNodePort = Number(to)
}
