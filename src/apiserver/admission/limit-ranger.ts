import { type LimitRange, limitRanges } from '../../api/core/v1/limit-range.ts'
import type { PersistentVolumeClaim } from '../../api/core/v1/persistent-volume-claim.ts'
import type { Pod } from '../../api/core/v1/pod.ts'
import type { Operation } from '../admission.ts'
import type { Lister } from '../lister.ts'
import type { Draft } from '../registry/strategy.ts'
import { limitErrors } from './limit-errors.ts'
import type { Plugin } from './plugin.ts'
import { refuse } from './refuse.ts'

type Item = LimitRange['spec']['limits'][number]
type Container = Draft<Pod>['spec']['containers'][number]

const itemsOf = (lister: Lister, namespace: string | undefined): readonly Item[] =>
  lister.list(limitRanges, namespace ?? '').flatMap(range => range.spec.limits ?? [])

/** Gives containers the requests and limits of the namespace, and holds pods and claims to its bounds. */
export function limitRanger(lister: Lister): Plugin {
  const after = (then: (operation: Operation) => void) => (operation: Operation) => {
    const loading = lister.ready([limitRanges])
    if (loading) return loading.then(() => then(operation))
    then(operation)
  }
  return {
    name: 'LimitRanger',
    operations: ['CREATE', 'UPDATE'],
    resources: ['/pods', '/persistentvolumeclaims'],
    mutate: after(operation => {
      if (operation.operation !== 'CREATE' || operation.resource.plural !== 'pods') return
      const items = itemsOf(lister, operation.namespace)
      if (items.length > 0) setDefaults(operation.object as Draft<Pod>, items)
    }),
    validate: after(operation => {
      const isPod = operation.resource.plural === 'pods'
      if (isPod && operation.operation === 'UPDATE') return
      const items = itemsOf(lister, operation.namespace)
      if (items.length === 0) return
      const errors = limitErrors(items, operation.object as unknown as Pod | PersistentVolumeClaim, isPod)
      if (errors.length === 0) return
      throw refuse(operation, errors.length === 1 ? errors[0]! : `[${errors.join(', ')}]`)
    }),
  }
}

function setDefaults(pod: Draft<Pod>, items: readonly Item[]): void {
  const limits: Record<string, string> = {}
  const requests: Record<string, string> = {}
  for (const item of items) {
    if (item.type !== 'Container') continue
    Object.assign(limits, item.default)
    Object.assign(requests, item.defaultRequest)
  }
  const said: string[] = []
  const each = (containers: readonly Container[] | undefined, kind: string) => {
    for (const container of containers ?? []) {
      const own = { ...container.resources?.limits } as Record<string, string>
      const asked = { ...container.resources?.requests } as Record<string, string>
      const newLimits = fill(own, limits)
      // What a limit was given for is asked for too, as for limits that people give.
      const fromLimits = fill(asked, Object.fromEntries(Object.entries(container.resources?.limits ?? {})) as never)
      const newRequests = [...fromLimits.filter(name => !(name in requests)), ...fill(asked, requests)]
      if (newLimits.length === 0 && newRequests.length === 0) continue
      container.resources = { ...container.resources, limits: own, requests: asked } as typeof container.resources
      if (newRequests.length > 0) said.push(`${newRequests.sort().join(', ')} request for ${kind} ${container.name}`)
      if (newLimits.length > 0) said.push(`${newLimits.sort().join(', ')} limit for ${kind} ${container.name}`)
    }
  }
  each(pod.spec.containers, 'container')
  each(pod.spec.initContainers, 'init container')
  if (said.length === 0) return
  const text = `LimitRanger plugin set: ${said.join('; ')}`
  pod.metadata.annotations = { ...pod.metadata.annotations, 'kubernetes.io/limit-ranger': text }
}

/** Sets what is not there; answers the names of what it set. */
function fill(target: Record<string, string>, from: Readonly<Record<string, string>>): string[] {
  const missing = Object.keys(from).filter(name => target[name] === undefined)
  for (const name of missing) target[name] = from[name]!
  return missing
}
