/** A control plane is of one make. */
import { text } from 'node:stream/consumers'
import type { Client } from '../../client/client.ts'
import { DiscoveryError } from '../discovery/discover.ts'
import { notTaken } from '../discovery/refused.ts'

/** Throws when a cluster's API servers are not ours: upstream's write objects to etcd in a form that ours do not read. */
export async function checkOurs({ transport }: Client): Promise<void> {
  const { body } = await transport.raw('/version').catch(error => {
    throw notTaken(error)
  })
  const { gitVersion } = JSON.parse(await text(body)) as { readonly gitVersion: string }
  if (gitVersion.includes('+kobune-')) return
  throw new DiscoveryError(
    `the control plane of this cluster is not Kobune's (its API server is ${gitVersion}), and both cannot share an etcd; join as a worker, without --control-plane`,
  )
}
