import { parseDuration } from '../../base/duration.ts'
import { adminKubeconfigs } from '../../bootstrap/client.ts'
import { usesSqlite } from '../../bootstrap/config/datastore.ts'
import { pkiFiles } from '../../bootstrap/phases/certs.ts'
import { etcdNodes, inOrder, rotateAuthorities } from '../../bootstrap/rotation/rotate.ts'
import { currentRotation } from '../../bootstrap/rotation/state.ts'
import { type RotationName, rotationNames, stepsFor, stepTitle } from '../../bootstrap/rotation/steps.ts'
import { createClient } from '../../client/client.ts'
import { httpTransport } from '../../client/http-transport.ts'
import { followKubeconfig } from '../../client/kubeconfig.ts'
import { linuxHost } from '../../host/host.ts'
import { caHash } from '../../pki/ca-hash.ts'
import type { Call } from '../command.ts'
import { writeLine } from '../print.ts'
import { progress } from '../progress.ts'
import { UserError } from '../user-error.ts'
import { knownConfiguration } from './known-configuration.ts'

/** What people have to know before, by what it concerns. */
const warnings: readonly { readonly of: readonly RotationName[]; readonly text: string }[] = [
  {
    of: ['ca'],
    text: 'Kubeconfigs that were copied elsewhere, and those of `kubeconfig user`, end with the step "serve": hand out new ones.',
  },
  {
    of: ['ca'],
    text: 'Join commands of before have the pin of the old authority and end with the step "drop": kobune token create --print-join-command',
  },
  {
    of: ['ca', 'sa'],
    text: 'Programs in pods that read ca.crt or their token at their start only have to be restarted between "trust" and "serve".',
  },
  { of: ['sa'], text: 'Tokens in Secrets, and those of `kubectl create token`, end with the step "drop".' },
  {
    of: ['etcd-ca'],
    text: 'Each member of etcd is restarted twice, one after the other. With one member only, writes wait meanwhile.',
  },
  {
    of: rotationNames,
    text: 'Uploaded certificates (--certificate-key) are removed; join no machines until it is done.',
  },
]

/** `kobune certs rotate-ca WHICH...` */
export async function rotateCa(call: Call): Promise<number> {
  const { options } = call
  const asked = call.args.flat().map(String)
  const which = inOrder(asked.includes('all') ? rotationNames : (asked as RotationName[]))
  const duration = (name: string, text: unknown) => {
    const found = parseDuration(String(text))
    if (found === undefined || found < 0)
      throw new UserError(`--${name}: ${String(text)} is no duration such as 90s`, { exitCode: 2 })
    return found
  }
  const settle = duration('settle', options.settle)
  const patience = duration('timeout', options.timeout)
  const kubeconfig = await usableKubeconfig(String(options.kubeconfig))
  const known = await knownConfiguration({ ...call, options: { ...options, kubeconfig } })
  if (known.from === 'defaults')
    throw new UserError('the cluster does not answer, and nothing was changed', { hint: 'kobune status' })
  const { certificatesDir: dir, caCertificateValidityPeriod, etcd } = known.cluster
  const foreign = etcd.external
    ? 'etcd is an external one: who runs it replaces its authority'
    : usesSqlite(known.cluster)
      ? 'this cluster keeps its state in SQLite, and has no etcd'
      : undefined
  if (foreign && which.includes('etcd-ca')) {
    if (!asked.includes('all')) throw new UserError(foreign, { exitCode: 2 })
    which.splice(which.indexOf('etcd-ca'), 1)
  }
  const followed = await followKubeconfig(kubeconfig)
  const transport = httpTransport({ ...followed.options, timeout: 20_000 })
  const client = createClient(transport)
  const stop = new AbortController()
  const interrupted = () => stop.abort(new UserError('stopped; the same command goes on from here'))
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
  try {
    if (options.dryRun) {
      const under = await currentRotation(client)
      const names = under?.which ?? which
      const steps = under?.steps ?? stepsFor(which, await etcdNodes(client))
      writeLine(
        `[rotate-ca] ${under ? `Rotation ${under.id} is under way` : 'This would be done'}: ${names.join(', ')}`,
      )
      for (const [i, step] of steps.entries())
        writeLine(`  ${under && i < under.at ? '✓' : `${i + 1}.`} ${stepTitle(step)}`)
      for (const { of, text } of warnings) if (of.some(name => names.includes(name))) writeLine(`  - ${text}`)
      return 0
    }
    const lines = progress()
    await rotateAuthorities({
      client,
      files: pkiFiles(linuxHost),
      dir,
      which,
      validity: parseDuration(caCertificateValidityPeriod)!,
      settle,
      patience,
      signal: stop.signal,
      say: line => lines.say(line),
      step: (title, work) => lines.step(title, work),
    })
    writeLine(`[rotate-ca] Done: ${which.join(', ')}`)
    if (which.includes('ca')) {
      writeLine(`[rotate-ca] The pin for new machines is ${caHash(await linuxHost.files.read(`${dir}/ca.crt`))}`)
      writeLine('[rotate-ca] Hand out new kubeconfigs; for join commands: kobune token create --print-join-command')
    }
    return 0
  } finally {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
    followed.stop()
    await transport.close()
  }
}

async function usableKubeconfig(given: string): Promise<string> {
  for (const file of [given, ...adminKubeconfigs]) if (await linuxHost.files.exists(file)) return file
  throw new UserError(`there is no kubeconfig ${given}: is this a machine of the control plane?`)
}
