/** A member of etcd reads whom it trusts when it starts: its static pod is made anew, and it has to be well again. */
import { readFile } from 'node:fs/promises'
import { get } from 'node:http'
import { request } from 'node:https'
import { parse, stringify } from 'yaml'
import { delay } from '../../base/clock.ts'
import type { Host } from '../../host/host.ts'
import { argumentOf } from '../manifests/arguments.ts'
import { manifestFile } from '../phases/manifests.ts'

const annotation = 'kobune.io/restarted-for'

interface Pod {
  metadata: { annotations?: Record<string, string> }
  spec: { containers: { command?: string[] }[] }
}

/** Resolves when the member of this machine runs anew and is healthy; at once where there is none. `mark` tells restarts apart. */
export async function restartEtcd(
  host: Host,
  { dir, mark, signal }: { readonly dir: string; readonly mark: string; readonly signal: AbortSignal },
): Promise<void> {
  const file = manifestFile('etcd')
  const text = await host.files.readIfThere(file)
  if (text === undefined) return
  const pod = parse(text) as Pod
  const metrics = argumentOf(pod.spec.containers[0]?.command ?? [], 'listen-metrics-urls')?.split(',')[0]
  const before = metrics && (await startTime(metrics).catch(() => undefined))
  if (pod.metadata.annotations?.[annotation] !== mark) {
    pod.metadata.annotations = { ...pod.metadata.annotations, [annotation]: mark }
    await host.files.write(file, stringify(pod), { mode: 0o600 })
    // Whoever asked before it stopped would take the old one for the new.
    while (metrics && before !== undefined && (await startTime(metrics).catch(() => before)) === before)
      await delay(200, signal)
  }
  let problem: unknown
  for (let tries = 0; tries < 300; tries++) {
    try {
      if (await healthy(dir)) return
      problem = new Error('it says that it is not healthy')
    } catch (error) {
      problem = error
    }
    await delay(200, signal)
  }
  throw new Error(`etcd was restarted and is not healthy: ${(problem as Error)?.message}`, { cause: problem })
}

async function startTime(url: string): Promise<string | undefined> {
  const text = await bodyOf(resolve => get(`${url}/metrics`, { timeout: 2_000 }, resolve))
  return /^process_start_time_seconds (\S+)$/m.exec(text)?.[1]
}

/** With a leader: a member of its own quorum. */
async function healthy(dir: string): Promise<boolean> {
  const [ca, cert, key] = await Promise.all(
    ['ca.crt', 'healthcheck-client.crt', 'healthcheck-client.key'].map(name => readFile(`${dir}/etcd/${name}`)),
  )
  const where = { host: '127.0.0.1', port: 2379, path: '/health', timeout: 5_000, agent: false } as const
  const text = await bodyOf(resolve => request({ ...where, ca: ca!, cert: cert!, key: key! }, resolve).end())
  return /"health":\s*"true"/.test(text)
}

function bodyOf(
  ask: (resolve: (response: import('node:http').IncomingMessage) => void) => import('node:http').ClientRequest,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = ask(response => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', chunk => (text += chunk))
      response.on('end', () => resolve(text))
      response.on('error', reject)
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer in time')))
    asked.on('error', reject)
  })
}
