import { timeoutDefaults } from '../../bootstrap/config/defaults.ts'
import { machineFacts } from '../../bootstrap/config/facts.ts'
import { readCredentials } from '../../bootstrap/etcd-access.ts'
import { readJournal } from '../../bootstrap/journal.ts'
import { type Restore, restorePhases } from '../../bootstrap/snapshot/restore.ts'
import { saveSnapshot } from '../../bootstrap/snapshot/save.ts'
import { snapshotStatus } from '../../bootstrap/snapshot/status.ts'
import { linuxHost } from '../../host/host.ts'
import type { Call } from '../command.ts'
import { mended } from '../mended.ts'
import { columns, printResult, writeLine } from '../print.ts'
import { UserError } from '../user-error.ts'
import { needsRoot } from './needs-root.ts'
import { ownProgram, runWorkflow, timeLimit } from './workflow.ts'

type Status = Awaited<ReturnType<typeof snapshotStatus>>

/** `kobune snapshot save FILE` */
export async function save({ args, options }: Call): Promise<number> {
  const file = args[0] as string
  const { endpoints, cacert: ca, cert, key } = options as Record<string, string | undefined>
  if (!endpoints && (ca || cert || key))
    throw new UserError('--cacert, --cert and --key belong to --endpoints', { exitCode: 2 })
  if (Boolean(cert) !== Boolean(key)) throw new UserError('--cert and --key belong together', { exitCode: 2 })
  if (!endpoints) needsRoot('snapshot save')
  const etcd = endpoints && {
    endpoints: endpoints.split(','),
    ...(await mended(readCredentials(linuxHost, { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }))),
  }
  const status = await mended(saveSnapshot({ host: linuxHost, file, ...(etcd && { etcd }) }))
  await print(options.output, status)
  return 0
}

/** `kobune snapshot status FILE` */
export async function status({ args, options }: Call): Promise<number> {
  await print(options.output, await mended(snapshotStatus(args[0] as string)))
  return 0
}

function print(format: unknown, status: Status): Promise<void> {
  return printResult(format, shown(status), () =>
    columns([
      ['STORE', 'HASH', 'REVISION', 'TOTAL KEYS', 'TOTAL SIZE'],
      [status.kind, status.hash, String(status.revision), String(status.totalKey), sizeText(status.totalSize)],
    ]),
  )
}

/** etcdctl gives the hash as a number. */
function shown({ hash, ...rest }: Status): object {
  return { hash: Number.parseInt(hash, 16), ...rest }
}

function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1)
  const value = bytes / 1000 ** power
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${units[power]}`
}

/** `kobune snapshot restore FILE` */
export async function restore(call: Call): Promise<number> {
  const { args, options } = call
  needsRoot('snapshot restore')
  const bump = Number(options.bumpRevision)
  if (!Number.isSafeInteger(bump) || bump < 0)
    throw new UserError(`--bump-revision: ${String(options.bumpRevision)} is no count`, { exitCode: 2 })
  const facts = await machineFacts(linuxHost)
  const journal = await readJournal(linuxHost)
  const context: Restore = {
    host: linuxHost,
    program: ownProgram(),
    signal: timeLimit(call),
    timeouts: timeoutDefaults,
    file: args[0] as string,
    nodeName: (options.nodeName as string | undefined) ?? journal?.nodeName ?? facts.nodeName,
    address: (options.address as string | undefined) ?? facts.advertiseAddress,
    criSocket: (options.criSocket as string | undefined) ?? journal?.criSocket ?? facts.criSocket,
    bump,
    force: options.force === true,
    install: options.install !== false,
    say: writeLine,
    stamp: new Date().toISOString().replace(/[-:]|\.\d+/g, ''),
  }
  const hint = 'nothing was deleted; the command may be given again'
  await runWorkflow({ command: 'snapshot restore', phases: restorePhases, context, hint })
  return 0
}
