/** Clients of the commands: by a kubeconfig, and one that only tells what it would do. */
import { type Client, createClient } from '../client/client.ts'
import { type HttpTransportOptions, httpTransport } from '../client/http-transport.ts'
import { loadKubeconfig } from '../client/kubeconfig.ts'
import { pathOf } from '../client/path.ts'
import type { Transport } from '../client/transport.ts'
import type { Host } from '../host/host.ts'
import { notFound } from '../machinery/status-error.ts'
import { paths } from './paths.ts'

/** A client of one of some kubeconfigs: the first that is there. Throws naming them when none is. */
export function clientByKubeconfig(host: Pick<Host, 'files'>, ...kubeconfigs: readonly string[]): Promise<Client> {
  return clientAnotherWay(host, {}, ...kubeconfigs)
}

/** The same, by another way to the API than the kubeconfig names. */
export async function clientAnotherWay(
  { files }: Pick<Host, 'files'>,
  way: Partial<HttpTransportOptions>,
  ...kubeconfigs: readonly string[]
): Promise<Client> {
  for (const file of kubeconfigs) {
    if (await files.exists(file)) return createClient(httpTransport({ ...(await loadKubeconfig(file)), ...way }))
  }
  throw new Error(`there is no kubeconfig ${kubeconfigs.join(' or ')}: is this a node of the control plane?`)
}

/** Kubeconfigs with all rights, the mightiest first. */
export const adminKubeconfigs = [paths.superAdminConf, paths.adminConf] as const

/** Tells of each change instead of sending it; finds what `under` finds, or nothing without it. */
export function dryRunClient(say: (line: string) => void, under?: Client): Client {
  const transport: Transport = {
    async call(call) {
      const { verb, resource, name, body } = call
      if (under && (verb === 'list' || verb === 'get')) return under.transport.call(call)
      if (verb === 'list') return { kind: `${resource.kind}List`, items: [] }
      if (verb === 'get') throw notFound({ group: resource.group, resource: resource.plural, name: name ?? '' })
      say(`[dryrun] Would perform action ${verb.toUpperCase()} on ${pathOf(call)}`)
      if (body !== undefined && resource.plural !== 'secrets') {
        const { stringify } = await import('yaml')
        say(stringify(body).trimEnd().replace(/^/gm, '\t'))
      }
      return body
    },
    watch: () => Promise.reject(new Error('nothing is watched in a dry run')),
    raw: () => Promise.reject(new Error('nothing is asked in a dry run')),
    close: async () => {},
  }
  return createClient(transport)
}
