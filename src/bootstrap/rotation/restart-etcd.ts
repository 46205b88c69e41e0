/** A member of etcd reads whom it trusts when it starts: its static pod, or its unit, is started anew, and it has to be well again. */
import { readFile } from 'node:fs/promises'
import { get } from 'node:http'
import { request } from 'node:https'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { delay } from '../../base/clock.ts'
import type { Host } from '../../host/host.ts'
import { restartEtcdUnit } from '../control-plane-services.ts'
import { argumentOf } from '../manifests/arguments.ts'
import { writtenCommand } from '../manifests/written.ts'
import { manifestFile } from '../phases/manifests.ts'
import { restartingFile } from './steps.ts'

const annotation = 'kobune.io/restarted-for'

interface Pod {
  metadata: { annotations?: Record<string, string> }
  spec: { containers: { command?: string[] }[] }
}

/** Milliseconds until API servers have noticed that they are to wait, and have the answers to what they asked before. */
const settle = 1_000
/** Milliseconds that a member takes to stop and to hand the lead on. */
const stopping = 2_500

/**
 * With a `mark`, which tells restarts apart: makes the member of this machine start anew. Without, the member of another
 * machine is restarted: what is written meanwhile could get lost on its way to it. Either way the API server here lets
 * requests wait until etcd is well. Nothing is done where there is no member.
 */
export async function restartEtcd(
  host: Host,
  { dir, mark, signal }: { readonly dir: string; readonly mark?: string; readonly signal: AbortSignal },
): Promise<void> {
  if ((await writtenCommand(host, 'etcd')) === undefined) return
  const file = manifestFile('etcd')
  const text = await host.files.readIfThere(file)
  const pod = text === undefined ? undefined : (parse(text) as Pod)
  const restarting = join(dir, 'etcd', restartingFile)
  try {
    // Unless this was done, and cut off after.
    if (mark === undefined || pod?.metadata.annotations?.[annotation] !== mark) {
      await host.files.write(restarting, '')
      await delay(settle, signal)
      if (mark === undefined) await delay(stopping, signal)
      else if (pod) await startAnew(host, file, pod, mark, signal)
      else await restartEtcdUnit(host)
    }
    await untilHealthy(dir, signal)
  } finally {
    await host.files.remove(restarting)
  }
}

/** Resolves when another process answers than before. */
async function startAnew(host: Host, file: string, pod: Pod, mark: string, signal: AbortSignal): Promise<void> {
  const metrics = argumentOf(pod.spec.containers[0]?.command ?? [], 'listen-metrics-urls')?.split(',')[0]
  const before = metrics && (await startTime(metrics).catch(() => undefined))
  pod.metadata.annotations = { ...pod.metadata.annotations, [annotation]: mark }
  await host.files.write(file, stringify(pod), { mode: 0o600 })
  const end = Date.now() + 60_000
  while (metrics && before !== undefined && (await startTime(metrics).catch(() => before)) === before) {
    if (Date.now() > end) throw new Error('etcd was not restarted within a minute: does the kubelet see its manifest?')
    await delay(100, signal)
  }
}

async function untilHealthy(dir: string, signal: AbortSignal): Promise<void> {
  let problem: unknown
  for (const end = Date.now() + 60_000; Date.now() < end; ) {
    try {
      if (await healthy(dir)) return
      problem = new Error('it says that it is not healthy')
    } catch (error) {
      problem = error
    }
    await delay(100, signal)
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
