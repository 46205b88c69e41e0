/**
 * `kobune config endpoint set`: the cluster gets an address by which all its machines reach the API, or another one. First
 * every API server learns the name, then the address is tried, and only then anybody is sent there; the old one goes on
 * working. Given again, it goes on from where it was.
 */
import { configMaps } from '../../api/core/v1/config-map.ts'
import { delay } from '../../base/clock.ts'
import type { Client } from '../../client/client.ts'
import type { Host } from '../../host/host.ts'
import { clusterInfo, clusterInfoKey, clusterInfoText, readClusterInfo } from '../cluster-info.ts'
import type { ClusterConfiguration } from '../config/types.ts'
import { ask } from '../discovery/cluster-info.ts'
import { apiServers } from '../nodes/api-servers.ts'
import type { Phase } from '../phases/phase.ts'
import { changeStoredCluster } from '../stored-cluster.ts'
import { applyNames, applyServer, hostOf } from './apply.ts'
import { lacksName } from './server-names.ts'

export interface SetEndpoint {
  readonly host: Host
  readonly client: Client
  /** host:port */
  readonly endpoint: string
  /** Whether the address must answer already. */
  readonly check: boolean
  readonly say: (line: string) => void
  cluster?: ClusterConfiguration
}

/** Servers take new certificates up within this time, milliseconds. */
const takeUp = 15_000

const namesPhase: Phase<SetEndpoint> = {
  name: 'names',
  does: 'Add the name to the configuration and to the certificate of this machine',
  async run(context) {
    const { host, client, endpoint, say } = context
    context.cluster = await changeStoredCluster(host, client, cluster => {
      const { controlPlaneEndpoint: before, apiServer } = cluster
      // The old name stays in the certificates: not everybody knows the new one at once.
      const names = [...(apiServer.certSANs ?? []), ...(before ? [hostOf(before)] : []), hostOf(endpoint)]
      return { ...cluster, apiServer: { ...apiServer, certSANs: [...new Set(names)] } }
    })
    await applyNames(host, context.cluster, say)
  },
}

const serversPhase: Phase<SetEndpoint> = {
  name: 'servers',
  does: 'Look whether every API server has the name',
  async run(context, note) {
    const { host, client, endpoint, cluster } = context
    const ca = await host.files.read(`${cluster!.certificatesDir}/ca.crt`)
    const servers = [...(await apiServers(client))]
    const end = Date.now() + takeUp
    for (;;) {
      const looked = await Promise.all(
        servers.map(async ([node, at]) => {
          const { hostname, port } = new URL(`https://${at}`)
          const said = await lacksName({ host: hostOf(hostname), port: Number(port || 443) }, hostOf(endpoint), ca)
          return said === undefined ? undefined : { node, said }
        }),
      )
      const lacking = looked.filter(each => each !== undefined)
      if (lacking.length === 0) return
      const own = host.addresses.list().map(({ address }) => address)
      const here = lacking.some(({ node }) => own.includes(hostOf(servers.find(([name]) => name === node)![1])))
      // The server of this machine takes its new certificate up by itself; the others must be told.
      if (!here || Date.now() > end) throw new Error(pending(lacking))
      note('the API server of this machine takes up its certificate')
      await delay(250)
    }
  },
}

function pending(lacking: readonly { readonly node: string; readonly said: string }[]): string {
  const names = lacking.map(({ node }) => node).join(', ')
  const reasons = lacking.map(({ node, said }) => `${node}: ${said}`).join('; ')
  return `nothing is switched yet: the API servers of ${names} do not have the name. On each of these machines: kobune config endpoint apply. Then give this command again (${reasons})`
}

const checkPhase: Phase<SetEndpoint> = {
  name: 'check',
  does: 'Ask for the API at the new address',
  when: ({ check }) => check,
  async run({ host, endpoint, cluster }) {
    const ca = await host.files.read(`${cluster!.certificatesDir}/ca.crt`)
    const because = (why: string) =>
      new Error(
        `nothing is switched yet: the API of this cluster does not answer at https://${endpoint}: ${why}. Set up the name or the balancer first (kobune config haproxy), or give --no-check`,
      )
    const { code } = await ask(`https://${endpoint}`, '/readyz', { trust: { ca } }).catch(error => {
      throw because((error as Error).message)
    })
    if (code !== 200) throw because(`/readyz says ${code}`)
  },
}

const switchPhase: Phase<SetEndpoint> = {
  name: 'switch',
  does: 'Store the endpoint in the cluster',
  async run({ host, client, endpoint }) {
    await changeStoredCluster(host, client, cluster => ({ ...cluster, controlPlaneEndpoint: endpoint }))
    const info = await client.get(configMaps, clusterInfo)
    const { ca } = readClusterInfo(info.data?.[clusterInfoKey] ?? '')
    const text = clusterInfoText({ server: `https://${endpoint}`, ca })
    await client.patch(configMaps, clusterInfo, { data: { [clusterInfoKey]: text } })
  },
}

const herePhase: Phase<SetEndpoint> = {
  name: 'here',
  does: 'Point this machine to it',
  run: ({ host, endpoint, say }) => applyServer(host, endpoint, say),
}

const tellPhase: Phase<SetEndpoint> = {
  name: 'finish',
  does: 'Tell what comes next',
  run: async ({ say, endpoint }) =>
    say(`The endpoint of the cluster is ${endpoint}. On every other machine, workers too: kobune config endpoint apply
Until then they go by the old address, which still works. Kubeconfigs of people: copy admin.conf to them again.`),
}

/** The whole of it. */
export const setEndpointPhases: readonly Phase<SetEndpoint>[] = [
  namesPhase,
  serversPhase,
  checkPhase,
  switchPhase,
  herePhase,
  tellPhase,
]
