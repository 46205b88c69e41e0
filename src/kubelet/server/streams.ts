/** exec, attach and port-forward: the caller's bytes go to the runtime's streaming server as they are, and back. */
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { readySandbox } from '../pod/runtime-pod.ts'
import { runningContainer } from './answer.ts'
import { HttpError } from './http-error.ts'
import type { Asked, ServerOptions } from './server.ts'

/** Where the runtime takes the stream that is asked for. */
async function streamUrl(options: ServerOptions, asked: Asked): Promise<string> {
  const { query, matched } = asked
  const { cri, set } = options
  const yes = (name: string) => ['1', 'true'].includes(query.get(name) ?? '')
  if (matched.route.name === 'portForward') {
    const worker = set.find(matched.namespace, matched.pod)
    if (!worker) throw new HttpError(404, 'pod does not exist')
    const sandbox = readySandbox(worker.runtime)
    if (!sandbox) throw new HttpError(404, `sandbox of pod ${matched.pod} is not running`)
    return cri.portForward(
      sandbox.id,
      query
        .getAll('port')
        .flatMap(p => p.split(','))
        .map(Number),
    )
  }
  const containerId = runningContainer(options, asked).id
  const tty = yes('tty')
  const streams = { containerId, tty, stdin: yes('input'), stdout: yes('output'), stderr: yes('error') && !tty }
  if (!(streams.stdin || streams.stdout || streams.stderr)) {
    throw new HttpError(400, 'you must specify at least 1 of stdin, stdout, stderr')
  }
  if (matched.route.name === 'attach') return cri.attach(streams)
  if (matched.route.name !== 'exec') throw new HttpError(400, 'this path is no stream')
  return cri.exec({ ...streams, cmd: query.getAll('command') })
}

/** Connects the caller, whose request was an upgrade, with the runtime. */
export async function tunnel(options: ServerOptions, asked: Asked, caller: Duplex, head: Buffer): Promise<void> {
  const url = new URL(await streamUrl(options, asked))
  const runtime = connect(Number(url.port), url.hostname.replace(/^\[|\]$/g, ''))
  await new Promise<void>((resolve, reject) => {
    runtime.once('connect', resolve)
    runtime.once('error', reject)
  })
  runtime.setNoDelay(true)
  const { method, httpVersion, rawHeaders } = asked.request
  const lines = [`${method} ${url.pathname}${url.search} HTTP/${httpVersion}`, `Host: ${url.host}`]
  for (let i = 0; i < rawHeaders.length; i += 2) {
    // The runtime must not see who we let in, nor by what.
    if (!/^(host|authorization|cookie)$/i.test(rawHeaders[i]!)) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  }
  runtime.write(`${lines.join('\r\n')}\r\n\r\n`)
  if (head.length) runtime.write(head)
  caller.pipe(runtime).pipe(caller)
  const end = () => {
    caller.destroy()
    runtime.destroy()
  }
  runtime.on('error', end).on('close', end)
  caller.on('close', end)
}
