/** Where the API servers of a cluster are: pods say it of themselves, and those without pods are in the endpoints. */
import { nodes } from '../../api/core/v1/node.ts'
import { pods } from '../../api/core/v1/pod.ts'
import { endpointSlices } from '../../api/discovery/v1/endpoint-slice.ts'
import type { Client } from '../../client/client.ts'
import { advertiseAddressAnnotation } from '../manifests/control-plane.ts'
import { hostPort } from '../node-context.ts'
import { addressesOf, rolesOf } from './node-facts.ts'

/** host:port of the API server of each node that runs one. */
export async function apiServers(client: Client): Promise<ReadonlyMap<string, string>> {
  const [inPods, others] = await Promise.all([podServers(client), serversWithoutPods(client)])
  return new Map([...others, ...inPods])
}

async function podServers(client: Client): Promise<ReadonlyMap<string, string>> {
  const { items } = await client.list(pods, {
    namespace: 'kube-system',
    labelSelector: 'component=kube-apiserver,tier=control-plane',
  })
  return new Map(
    items.flatMap(pod => {
      const at = pod.metadata.annotations?.[advertiseAddressAnnotation]
      return at && pod.spec.nodeName ? [[pod.spec.nodeName, at] as const] : []
    }),
  )
}

/** Of the nodes whose control plane is made of processes (layouts `in-process` and `systemd`). */
export async function serversWithoutPods(client: Client): Promise<ReadonlyMap<string, string>> {
  const [slices, all, inPods] = await Promise.all([
    client.list(endpointSlices, { namespace: 'default', labelSelector: 'kubernetes.io/service-name=kubernetes' }),
    client.list(nodes, { labelSelector: 'node-role.kubernetes.io/control-plane' }),
    podServers(client),
  ])
  const found = slices.items.flatMap(({ endpoints = [], ports = [] }) => {
    const port = ports?.find(({ name }) => name === 'https')?.port
    return (endpoints ?? []).flatMap(({ addresses }) =>
      addresses.flatMap(address => {
        const node = all.items.find(
          each => rolesOf(each).includes('control-plane') && addressesOf(each).includes(address),
        )
        const name = node?.metadata.name
        return name && port && !inPods.has(name) ? [[name, hostPort(address, port)] as const] : []
      }),
    )
  })
  return new Map(found)
}
