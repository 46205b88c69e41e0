/** Answers to requests that are no streams. */
import type { ServerResponse } from 'node:http'
import type { RuntimeContainer } from '../pod/runtime-pod.ts'
import { newest } from '../pod/runtime-pod.ts'
import { HttpError } from './http-error.ts'
import type { Asked, ServerOptions } from './server.ts'

type Answer = (options: ServerOptions, asked: Asked, response: ServerResponse) => Promise<void> | void

const answers: Readonly<Record<string, Answer>> = {
  healthz: (_, __, response) => text(response, 'ok'),
  pods: ({ set }, _, response) => {
    const items = set.workers().map(w => w.apiPod ?? w.pod)
    json(response, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items })
  },
  runningpods: ({ set }, _, response) => {
    const running = set.workers().filter(w => w.runtime.containers.some(c => c.state === 'running'))
    const items = running.map(({ runtime: { name, namespace, uid, containers } }) => ({
      metadata: { name, namespace, uid },
      spec: {
        containers: containers.filter(c => c.state === 'running').map(c => ({ name: c.name, image: c.imageRef })),
      },
      status: {},
    }))
    json(response, { kind: 'PodList', apiVersion: 'v1', metadata: {}, items })
  },
  summary: async (options, _, response) => json(response, await (await import('./stats.ts')).summary(options)),
  resourceMetrics: async (options, _, response) =>
    text(response, await (await import('./metrics.ts')).resourceMetrics(options)),
  metrics: ({ metrics }, _, response) => text(response, metrics?.() ?? ''),
  logs: async (options, asked, response) => (await import('./container-logs.ts')).sendLogs(options, asked, response),
  run: async (options, asked, response) => {
    const command = asked.query.get('cmd')
    if (!command) throw new HttpError(400, 'the query parameter cmd is missing')
    const { id } = runningContainer(options, asked)
    const answer = await options.cri.execSync(id, command.split(' '))
    text(response, Buffer.concat([answer.stdout, answer.stderr]).toString())
  },
}

export async function answer(options: ServerOptions, asked: Asked, response: ServerResponse): Promise<void> {
  const respond = answers[asked.matched.route.name]
  if (!respond) throw new HttpError(400, 'Upgrade request required')
  await respond(options, asked, response)
}

/** The container a path names; throws 404, or 400 when it does not run. */
export function runningContainer(
  options: Pick<ServerOptions, 'set'>,
  { matched }: Pick<Asked, 'matched'>,
): RuntimeContainer {
  const { namespace, pod, container } = matched
  const worker = options.set.find(namespace, pod)
  if (!worker) throw new HttpError(404, 'pod does not exist')
  const found = newest(worker.runtime, container)
  if (found?.state !== 'running') throw new HttpError(404, `container not found ("${container}")`)
  return found
}

function text(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' })
  response.end(body)
}

function json(response: ServerResponse, body: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
