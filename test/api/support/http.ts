import { Agent, request } from 'node:https'
import { adminToken, type TestServer } from './server.ts'

export interface Answer {
  readonly code: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The body as JSON; an empty object when it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever comes back
  readonly body: any
}

export interface CallOptions {
  readonly token?: string | null
  readonly headers?: Readonly<Record<string, string>>
  readonly type?: string
}

/** A client that sees everything of an answer. */
export function httpClient({ url, ca }: TestServer) {
  const agent = new Agent({ ca, keepAlive: true })
  const headersOf = ({ token = adminToken, headers, type }: CallOptions, text?: string) => ({
    ...(token !== null && { authorization: `Bearer ${token}` }),
    ...(text !== undefined && {
      'content-type': type ?? 'application/json',
      'content-length': Buffer.byteLength(text),
    }),
    ...headers,
  })
  return {
    call(method: string, path: string, body?: unknown, options: CallOptions = {}): Promise<Answer> {
      const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
      return new Promise((resolve, reject) => {
        const sent = request(url + path, { method, agent, headers: headersOf(options, text) }, response => {
          let all = ''
          response.setEncoding('utf8')
          response.on('data', (chunk: string) => {
            all += chunk
          })
          response.on('end', () => {
            const json = /json/.test(response.headers['content-type'] ?? '')
            resolve({
              code: response.statusCode!,
              headers: response.headers,
              text: all,
              body: json ? JSON.parse(all) : {},
            })
          })
        })
        sent.on('error', reject)
        sent.end(text)
      })
    },
    /** The first `count` events of a watch, or all until it ends. */
    watch(path: string, count: number, options: CallOptions = {}): Promise<Answer['body'][]> {
      return new Promise((resolve, reject) => {
        const events: Answer['body'][] = []
        let rest = ''
        const sent = request(url + path, { agent, headers: headersOf(options) }, response => {
          response.setEncoding('utf8')
          response.on('data', (chunk: string) => {
            const lines = (rest + chunk).split('\n')
            rest = lines.pop()!
            events.push(...lines.map(line => JSON.parse(line)))
            if (events.length < count) return
            resolve(events)
            sent.destroy()
          })
          response.on('end', () => resolve(events))
        })
        sent.on('error', reject)
        sent.end()
      })
    },
    close: () => agent.destroy(),
  }
}

export const pods = '/api/v1/namespaces/default/pods'

/** A pod that passes all checks. */
export const aPod = (name: string, labels: Record<string, string> = {}) => ({
  metadata: { name, labels },
  spec: { containers: [{ name: 'main', image: 'example.com/app:1' }] },
})
