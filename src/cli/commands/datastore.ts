import { copyToEtcd } from '../../bootstrap/datastore/copy-to-etcd.ts'
import { goBack, growContext, growPhases } from '../../bootstrap/datastore/grow.ts'
import { readCredentials } from '../../bootstrap/etcd-access.ts'
import { linuxHost } from '../../host/host.ts'
import type { Call } from '../command.ts'
import { mended } from '../mended.ts'
import { writeLine } from '../print.ts'
import { progress } from '../progress.ts'
import { UserError } from '../user-error.ts'
import { needsRoot } from './needs-root.ts'
import { ownProgram, runWorkflow, timeLimit } from './workflow.ts'

/** `kobune datastore migrate` */
export async function migrate(call: Call): Promise<number> {
  const { to, from, cacert: ca, cert, key } = call.options as Record<string, string | undefined>
  if (!to) throw new UserError('--to is needed', { hint: 'kobune datastore migrate --to etcd', exitCode: 2 })
  if (to === 'etcd') {
    if (from || ca || cert || key)
      throw new UserError('--from, --cacert, --cert and --key belong to URLs in --to', { exitCode: 2 })
    return grow(call)
  }
  const endpoints = to.split(',')
  if (!endpoints.every(url => /^https?:\/\/[^/]+\/?$/.test(url)))
    throw new UserError(`--to: ${to} is neither etcd nor a list of https://host:port`, { exitCode: 2 })
  const file = /^sqlite:(.+)$/.exec(from ?? '')?.[1]
  if (!file) throw new UserError('--from sqlite:FILE is needed with URLs in --to', { exitCode: 2 })
  const etcd = {
    endpoints,
    ...(await mended(readCredentials(linuxHost, { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) }))),
  }
  const work = progress().step('Copy everything to etcd', note => copyToEtcd({ host: linuxHost, file, etcd, note }))
  const { keys, revision } = await mended(work)
  writeLine(`${keys} keys are copied and compared; the revision of etcd is ${revision}. ${file} is as it was.`)
  return 0
}

async function grow(call: Call): Promise<number> {
  needsRoot('datastore migrate')
  const context = await mended(
    growContext({
      host: linuxHost,
      install: call.options.install !== false,
      program: ownProgram(),
      signal: timeLimit(call),
      say: writeLine,
    }),
  )
  try {
    await runWorkflow({ command: 'datastore migrate', phases: growPhases, context, hint: '' })
  } catch (error) {
    throw new UserError((error as Error).message, { hint: await goBack(context), cause: error })
  }
  return 0
}
