import { configMaps } from '../../api/core/v1/config-map.ts'
import { clientByKubeconfig } from '../../bootstrap/client.ts'
import { clusterInfo } from '../../bootstrap/cluster-info.ts'
import { tokenDefaults } from '../../bootstrap/config/defaults.ts'
import { exampleFacts } from '../../bootstrap/config/facts.ts'
import { checkBesideConfig } from '../../bootstrap/config/flags.ts'
import { completeConfiguration, configurationWithoutFile, readConfiguration } from '../../bootstrap/config/load.ts'
import type { BootstrapTokenSpec } from '../../bootstrap/config/types.ts'
import { joinCommand } from '../../bootstrap/join-command.ts'
import { whereabouts } from '../../bootstrap/nodes/invite.ts'
import { tokenObject, tokenTable } from '../../bootstrap/token-table.ts'
import { createToken, deleteToken, listTokens } from '../../bootstrap/tokens.ts'
import type { Client } from '../../client/client.ts'
import { linuxHost } from '../../host/host.ts'
import { formatBootstrapToken, generateBootstrapToken } from '../../pki/bootstrap-token.ts'
import type { Call } from '../command.ts'
import { writeLine, yamlText } from '../print.ts'
import { UserError } from '../user-error.ts'
import { readConfigFile, tellWarnings } from './config-file.ts'

/** `kobune token create [TOKEN]` */
export async function create({ args, options }: Call): Promise<number> {
  const tokens = await tokensOf(args[0] as string | undefined, options)
  const kubeconfig = String(options.kubeconfig)
  if (options.certificateKey !== undefined && !options.printJoinCommand)
    throw new UserError('--certificate-key belongs to --print-join-command', { exitCode: 2 })
  if (options.dryRun) {
    for (const { usages } of tokens) process.stderr.write(`[dryrun] Would create a token for ${usages.join(',')}\n`)
  } else {
    await withClient(kubeconfig, async client => {
      for (const token of tokens) await createToken(client, token)
    })
  }
  if (options.printJoinCommand) await warnUnlessJoinable(kubeconfig)
  for (const { token } of tokens)
    writeLine(options.printJoinCommand ? await lineFor(token, kubeconfig, options.certificateKey) : token)
  return 0
}

/** A cluster of `up` has nothing by which a machine could find out what to trust. */
async function warnUnlessJoinable(kubeconfig: string): Promise<void> {
  const found = await withClient(kubeconfig, client => client.get(configMaps, clusterInfo).catch(() => undefined))
  if (found) return
  process.stderr.write(
    `no machine can join with this line yet: the cluster has no ConfigMap kube-public/cluster-info
  a cluster of kobune up: kobune datastore migrate --to etcd makes it one that others can join
  a cluster of kobune init: kobune init phase bootstrap-token\n`,
  )
}

/** One token by flags, or those of a file. */
async function tokensOf(token: string | undefined, options: Call['options']): Promise<readonly BootstrapTokenSpec[]> {
  checkBesideConfig(options, ['certificateKey'])
  const names = (value: unknown) => (value as string[] | undefined)?.flatMap(one => one.split(',')).filter(Boolean)
  const { ttl, description, config } = options as Record<string, string | undefined>
  if (config !== undefined) {
    if (token !== undefined) throw new UserError('give a token or --config, not both', { exitCode: 2 })
    const found = readConfiguration(await readConfigFile('--config', config), config)
    tellWarnings(found)
    return completeConfiguration(found, { only: ['init'], facts: exampleFacts }).init!.bootstrapTokens
  }
  const [usages, groups] = [names(options.usages), names(options.groups)]
  const given = {
    ...(token && { token }),
    ...(ttl !== undefined && { ttl: ttl === '0' ? '0s' : ttl }),
    ...(description && { description }),
    ...(usages && { usages }),
    ...(groups && { groups }),
  }
  // Without authentication a token has no groups, not even the usual one.
  const made = tokenDefaults(given)
  const bootstrapTokens = [groups || made.usages.includes('authentication') ? made : { ...made, groups: [] }]
  const flags = { init: { bootstrapTokens } }
  configurationWithoutFile({ kind: 'init', facts: exampleFacts, flags })
  return bootstrapTokens
}

async function lineFor(token: string, kubeconfig: string, certificateKey: unknown): Promise<string> {
  return joinCommand({
    ...(await whereabouts(kubeconfig)),
    token,
    ...(certificateKey !== undefined && { certificateKey: String(certificateKey) }),
  })
}

/** `kobune token list` */
export async function list({ options }: Call): Promise<number> {
  const now = Date.now()
  const tokens = await withClient(String(options.kubeconfig), client => listTokens(client, now))
  if (options.output === 'json') for (const token of tokens) writeLine(JSON.stringify(tokenObject(token), undefined, 4))
  else if (options.output === 'yaml')
    process.stdout.write((await Promise.all(tokens.map(token => yamlText(tokenObject(token))))).join('---\n'))
  else writeLine(tokenTable(tokens, now))
  return 0
}

/** `kobune token delete TOKEN...` */
export async function remove({ args: [tokens], options }: Call): Promise<number> {
  await withClient(String(options.kubeconfig), async client => {
    for (const token of tokens as readonly string[]) {
      if (options.dryRun) writeLine(`[dryrun] Would delete the bootstrap token ${JSON.stringify(token.slice(0, 6))}`)
      else writeLine(`bootstrap token ${JSON.stringify(await deleteToken(client, token))} deleted`)
    }
  })
  return 0
}

/** `kobune token generate` */
export async function generate(): Promise<number> {
  writeLine(formatBootstrapToken(generateBootstrapToken()))
  return 0
}

async function withClient<T>(kubeconfig: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await clientByKubeconfig(linuxHost, kubeconfig)
  try {
    return await work(client)
  } finally {
    await client.transport.close()
  }
}
