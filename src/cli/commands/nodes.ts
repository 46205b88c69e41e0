import { clientByKubeconfig } from '../../bootstrap/client.ts'
import { joinCommand } from '../../bootstrap/join-command.ts'
import { invite } from '../../bootstrap/nodes/invite.ts'
import { listNodes, type NodeRow } from '../../bootstrap/nodes/list.ts'
import { rolesOf } from '../../bootstrap/nodes/node-facts.ts'
import { type RemoveNode, removeNodePhases } from '../../bootstrap/nodes/remove.ts'
import type { Client } from '../../client/client.ts'
import { linuxHost } from '../../host/host.ts'
import type { Call } from '../command.ts'
import { mended } from '../mended.ts'
import { columns, printResult, writeLine } from '../print.ts'
import { progress } from '../progress.ts'
import { UserError } from '../user-error.ts'
import { knownConfiguration } from './known-configuration.ts'
import { needsRoot } from './needs-root.ts'
import { runWorkflow, timeLimit } from './workflow.ts'

/** `kobune nodes list` */
export async function list({ options }: Call): Promise<number> {
  needsRoot('nodes list')
  const rows = await withClient(String(options.kubeconfig), client => listNodes(linuxHost, client))
  await printResult(options.output, rows, table)
  return 0
}

function table(rows: readonly NodeRow[]): string {
  const etcd = ({ etcd }: NodeRow) => (etcd ? `${etcd.role}${etcd.healthy ? '' : ' (down)'}` : '-')
  const server = ({ apiServer }: NodeRow) => (apiServer ? (apiServer.healthy ? 'healthy' : apiServer.says) : '-')
  return columns([
    ['NAME', 'ROLES', 'STATUS', 'ETCD', 'API SERVER', 'VERSION', 'CERTIFICATES END'],
    ...rows.map(row => [
      row.name,
      row.roles.join(',') || '<none>',
      row.status,
      etcd(row),
      server(row),
      row.version ?? '-',
      row.certificatesEnd ?? '-',
    ]),
  ])
}

/** `kobune nodes remove NAME` */
export async function remove(call: Call): Promise<number> {
  needsRoot('nodes remove')
  await withClient(String(call.options.kubeconfig), client =>
    removeOne(call, client, call.options.force === true, writeLine),
  )
  return 0
}

async function removeOne(call: Call, client: Client, force: boolean, say: (line: string) => void): Promise<RemoveNode> {
  const { args, options } = call
  const grace = options.grace === undefined ? undefined : Number(options.grace)
  if (grace !== undefined && !(Number.isInteger(grace) && grace >= 0))
    throw new UserError(`--grace: ${String(options.grace)} is no number of seconds`, { exitCode: 2 })
  const context: RemoveNode = {
    host: linuxHost,
    client,
    name: args[0] as string,
    force,
    ...(grace !== undefined && { grace }),
    // Who says what the new machine is to be needs nothing of the old one.
    mayBeGone: options.controlPlane === true,
    signal: timeLimit(call),
    say,
  }
  const hint = 'the command may be given again; kobune nodes list shows how things are'
  try {
    await runWorkflow({ command: 'nodes remove', phases: removeNodePhases, context, hint })
  } finally {
    context.etcd?.close()
  }
  return context
}

/** `kobune nodes replace NAME`: only the join command goes to standard output. */
export async function replace(call: Call): Promise<number> {
  needsRoot('nodes replace')
  const { options } = call
  const { show, tell } = { show: progress(), tell: (line: string) => process.stderr.write(`${line}\n`) }
  await withClient(String(options.kubeconfig), async client => {
    const removed = await removeOne(call, client, options.force === true, tell)
    const { cluster } = await knownConfiguration(call)
    const controlPlane =
      options.controlPlane === true ||
      removed.member !== undefined ||
      Boolean(removed.node && rolesOf(removed.node).includes('control-plane'))
    const kubeconfig = String(options.kubeconfig)
    const invitation = await show.step('Make a token, and upload what the new machine needs', () =>
      invite({ host: linuxHost, client, kubeconfig, cluster, controlPlane }),
    )
    tell(`On the new machine, within ${controlPlane ? 'two hours' : 'a day'}:`)
    writeLine(joinCommand(invitation))
  })
  return 0
}

async function withClient<T>(kubeconfig: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await mended(clientByKubeconfig(linuxHost, kubeconfig))
  try {
    return await work(client)
  } finally {
    await client.transport.close()
  }
}
