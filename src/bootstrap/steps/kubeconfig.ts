import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { Host } from '../../host/host.ts'
import { paths } from '../paths.ts'
import type { Up } from '../up.ts'

/** The name of cluster, user and context in the user's kubeconfig. */
export const contextName = 'kobune'

interface Entry {
  name: string
  [field: string]: unknown
}
interface Config {
  apiVersion?: string
  kind?: string
  clusters?: Entry[] | null
  users?: Entry[] | null
  contexts?: Entry[] | null
  'current-context'?: string
  [field: string]: unknown
}

/** The user who called sudo keeps the file; else whoever runs this. */
function ownerOf(env: NodeJS.ProcessEnv): { uid: number; gid: number } | undefined {
  const uid = Number(env.SUDO_UID)
  const gid = Number(env.SUDO_GID)
  return env.SUDO_UID && Number.isInteger(uid) && Number.isInteger(gid) ? { uid, gid } : undefined
}

/** Where the user's kubeconfig is: the first of $KUBECONFIG, else ~/.kube/config of who called sudo, or runs this. */
async function userKubeconfigFile(host: Pick<Host, 'files'>): Promise<string> {
  const given = process.env.KUBECONFIG?.split(':').find(file => file !== '')
  return given ?? join((await callersHome(host)) ?? homedir(), '.kube', 'config')
}

/** sudo gives root's home, and kubectl is run without it: the home is that of the account. Undefined without sudo. */
async function callersHome({ files }: Pick<Host, 'files'>): Promise<string | undefined> {
  const uid = ownerOf(process.env)?.uid
  if (uid === undefined) return undefined
  const accounts = ((await files.readIfThere('/etc/passwd')) ?? '').split('\n').map(line => line.split(':'))
  const home = accounts.find(fields => fields[2] === String(uid))?.[5]
  return home?.startsWith('/') ? home : undefined
}

const lists = ['clusters', 'users', 'contexts'] as const

/** Puts the context `kobune` into the user's kubeconfig, beside what is there, and makes it the current one. */
export async function userKubeconfig({ host }: Pick<Up, 'host'>): Promise<void> {
  const file = await userKubeconfigFile(host)
  const admin = parse(await host.files.read(paths.adminConf)) as Config
  const config = await readConfig(host, file)
  const entries = {
    clusters: { ...admin.clusters![0]!, name: contextName },
    users: { ...admin.users![0]!, name: contextName },
    contexts: { name: contextName, context: { cluster: contextName, user: contextName } },
  }
  const merged: Config = { apiVersion: 'v1', kind: 'Config', ...config, 'current-context': contextName }
  for (const list of lists) {
    merged[list] = [...(config[list] ?? []).filter(entry => entry.name !== contextName), entries[list]]
  }
  await writeConfig(host, file, merged)
}

/** Takes the context out again; a file that then holds nothing is removed, and its folder when that is empty then. */
export async function forgetUserKubeconfig(host: Host): Promise<void> {
  const file = await userKubeconfigFile(host)
  if (!(await host.files.exists(file))) return
  const config = await readConfig(host, file)
  for (const list of lists) config[list] = (config[list] ?? []).filter(entry => entry.name !== contextName)
  if (config['current-context'] === contextName) config['current-context'] = config.contexts?.[0]?.name ?? ''
  if (lists.some(list => config[list]!.length > 0)) return writeConfig(host, file, config)
  await host.files.remove(file)
  if ((await host.files.list(dirname(file))).length === 0) await host.files.remove(dirname(file))
}

/** The user's kubeconfig as it is; empty when there is none. Throws when it cannot be read. */
export async function readUserKubeconfig(host: Host): Promise<object> {
  return readConfig(host, await userKubeconfigFile(host))
}

async function readConfig(host: Host, file: string): Promise<Config> {
  const text = (await host.files.readIfThere(file)) ?? ''
  try {
    const config = (parse(text) as Config | null) ?? {}
    if (typeof config !== 'object') throw new Error('it holds no fields')
    return config
  } catch (cause) {
    throw new Error(`${file} is no kubeconfig that can be read; mend it, or set KUBECONFIG to another file`, { cause })
  }
}

async function writeConfig(host: Host, file: string, config: Config): Promise<void> {
  const owner = ownerOf(process.env)
  const folder = dirname(file)
  if (owner && !(await host.files.exists(folder))) await host.files.makeDirectory(folder, { mode: 0o750, owner })
  await host.files.write(file, stringify(config), { mode: 0o600, ...(owner && { owner }) })
}
