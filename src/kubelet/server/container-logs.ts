/** /containerLogs: what a container printed. */
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { logPath } from '../pod/container-config.ts'
import type { PodWorker } from '../pod/pod-worker.ts'
import { newest, previous, type RuntimeContainer } from '../pod/runtime-pod.ts'
import { findContainer } from '../pod/types.ts'
import { HttpError } from './http-error.ts'
import { logFileLines, tailOffset } from './log-file.ts'
import { parseLogLine, shownLine } from './log-lines.ts'
import type { Asked, ServerOptions } from './server.ts'

interface LogOptions {
  readonly follow: boolean
  readonly previous: boolean
  readonly timestamps: boolean
  readonly tailLines: number | undefined
  readonly limitBytes: number
  /** Milliseconds since the epoch. */
  readonly since: number
  readonly stream: string | undefined
}

/** Sends the log, and goes on sending while it is followed. */
export async function sendLogs(options: ServerOptions, asked: Asked, response: ServerResponse): Promise<void> {
  const { namespace, pod: podName, container: name } = asked.matched
  const wanted = readOptions(asked.query)
  const worker = options.set.find(namespace, podName)
  if (!worker) throw new HttpError(404, `pod "${podName}" does not exist`)
  const container = chosen(worker, name, wanted.previous)
  const file = `${options.paths.logs(worker.pod.metadata)}/${logPath(name, container.attempt)}`
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
  response.flushHeaders()
  const alive = () =>
    newest(worker.runtime, name)?.id === container.id && newest(worker.runtime, name)?.state === 'running'
  const follow = wanted.follow ? { signal: gone.signal, alive } : undefined
  try {
    // Streams are chosen line by line, so the last lines of one cannot be found by counting all.
    const from = wanted.tailLines === undefined || wanted.stream ? 0 : await startOf(file, wanted.tailLines)
    await send(response, logFileLines(file, from, follow), wanted)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
  response.end()
}

async function send(response: ServerResponse, lines: AsyncIterable<Buffer>, wanted: LogOptions): Promise<void> {
  let left = wanted.limitBytes
  for await (const raw of lines) {
    const line = parseLogLine(raw)
    if (!line || (wanted.stream && line.stream !== wanted.stream)) continue
    if (wanted.since > 0 && Date.parse(line.time) < wanted.since) continue
    const bytes = shownLine(line, wanted.timestamps).subarray(0, left)
    if (!response.write(bytes) && !response.destroyed)
      await Promise.race([once(response, 'drain'), once(response, 'close')])
    left -= bytes.length
    if (left <= 0 || response.destroyed) return
  }
}

async function startOf(file: string, tailLines: number): Promise<number> {
  return tailLines === 0 ? (await stat(file)).size : tailOffset(file, tailLines)
}

function chosen(worker: PodWorker, name: string, wantsPrevious: boolean): RuntimeContainer {
  const { pod, runtime } = worker
  if (!findContainer(pod, name)) throw new HttpError(400, `container ${name} is not valid for pod ${pod.metadata.name}`)
  const latest = newest(runtime, name)
  const where = `container "${name}" in pod "${pod.metadata.name}"`
  if (wantsPrevious) {
    const before = previous(runtime, name)
    if (!before) throw new HttpError(400, `previous terminated ${where} not found`)
    return before
  }
  if (latest) return latest
  const statuses = [
    ...(worker.apiPod?.status.initContainerStatuses ?? []),
    ...(worker.apiPod?.status.containerStatuses ?? []),
  ]
  const reason = statuses.find(s => s.name === name)?.state?.waiting?.reason ?? 'ContainerCreating'
  throw new HttpError(400, `${where} is waiting to start: ${reason}`)
}

function readOptions(query: URLSearchParams): LogOptions {
  const flag = (name: string) => ['1', 'true'].includes(query.get(name) ?? '')
  const number = (name: string) => {
    const text = query.get(name)
    if (text === null || text === '') return undefined
    if (!/^\d+$/.test(text)) throw new HttpError(400, `invalid ${name}: ${JSON.stringify(text)} is no whole number`)
    return Number(text)
  }
  const seconds = number('sinceSeconds')
  const stream = query.get('stream')?.toLowerCase()
  return {
    follow: flag('follow'),
    previous: flag('previous'),
    timestamps: flag('timestamps'),
    tailLines: number('tailLines'),
    limitBytes: number('limitBytes') ?? Number.POSITIVE_INFINITY,
    since: seconds === undefined ? Date.parse(query.get('sinceTime') ?? '') || 0 : Date.now() - seconds * 1000,
    stream: stream === 'all' ? undefined : stream,
  }
}
