import { type IncomingMessage, request as plain } from 'node:http'
import { request as secure } from 'node:https'
import { connectError, hostPort } from './address.ts'
import type { HttpGet, Look, Target } from './probe-action.ts'

const mostBody = 10 << 10
const mostRedirects = 10

interface HttpOptions {
  readonly target: Target
  readonly port: number
  readonly timeout: number
}

/** GET; 200 to 399 is well. Redirects to the same host are followed, others count as well. */
export async function httpLook(action: HttpGet, { target, port, timeout }: HttpOptions): Promise<Look> {
  const host = action.host || target.ip
  const path = action.path.startsWith('/') ? action.path : `/${action.path}`
  let url = new URL(`${action.scheme.toLowerCase()}://${hostPort(host, port)}${path}`)
  const signal = AbortSignal.timeout(timeout)
  for (let redirects = 0; ; redirects++) {
    let answer: IncomingMessage
    try {
      answer = await get(url, action, signal)
    } catch (error) {
      const why = signal.aborted
        ? 'context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        : `dial tcp ${hostPort(host, port)}: ${connectError(error as NodeJS.ErrnoException)}`
      return { ok: false, output: `Get "${url}": ${why}` }
    }
    const body = await start(answer)
    const status = answer.statusCode ?? 0
    const { location } = answer.headers
    if (status < 200 || status >= 400) return { ok: false, output: `HTTP probe failed with statuscode: ${status}` }
    if (status < 300 || !location) return { ok: true, output: body }
    const next = new URL(location, url)
    if (next.hostname !== url.hostname)
      return { ok: true, output: `Probe terminated redirects, Response body: ${body}` }
    if (redirects === mostRedirects)
      return { ok: false, output: `Get "${next}": stopped after ${mostRedirects} redirects` }
    url = next
  }
}

function get(url: URL, action: HttpGet, signal: AbortSignal): Promise<IncomingMessage> {
  const headers: Record<string, string | string[]> = { 'user-agent': 'kube-probe/1.36', accept: '*/*' }
  for (const { name, value } of action.httpHeaders ?? []) {
    const key = name.toLowerCase()
    const before = key === 'user-agent' || key === 'accept' || key === 'host' ? undefined : headers[key]
    if (value === '' && key === 'accept') delete headers[key]
    else headers[key] = before === undefined ? value : [before, value].flat()
  }
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? secure : plain
    // The kubelet has no reason to know the authority of a pod's certificate.
    send(url, { headers, signal, agent: false, rejectUnauthorized: false }, resolve).on('error', reject).end()
  })
}

async function start(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk)
      if ((size += chunk.length) >= mostBody) break
    }
  } catch {
    // The status has been told already; a body cut short changes nothing.
  }
  answer.destroy()
  return Buffer.concat(chunks).toString().slice(0, mostBody)
}
