import type { Status, StatusError } from '../machinery/status-error.ts'
import type { Entry } from './cache/entry.ts'
import { listMeta } from './list-meta.ts'
import type { Form } from './negotiation.ts'
import type { Answer, Page } from './registry/api-request.ts'
import type { Reply } from './request.ts'
import { watchStream } from './watch-stream.ts'

const contentTypes = { json: 'application/json', yaml: 'application/yaml' } as const

/** An answer in the form the client asked for; `param` reads the query (includeObject). */
export async function encodeAnswer(
  answer: Answer,
  form: Form,
  param: (name: string) => string | undefined,
): Promise<Reply> {
  if (answer.type === 'watch') return watchStream(answer, form, param)
  const code = answer.type === 'list' ? 200 : answer.code
  if (form.media === 'yaml' || (form.as && answer.served)) {
    const { transformed } = await import('./transform.ts')
    return { code, contentType: contentTypes[form.media], body: await transformed(answer, form, param) }
  }
  if (answer.type === 'list') return { code, contentType: 'application/json', body: encodeList(answer) }
  if (answer.type === 'entry') return { code, contentType: 'application/json', body: answer.entry.wire() }
  return encodeObject(code, answer.object)
}

/** An object that is not stored. */
export function encodeObject(code: number, object: object): Reply {
  return { code, contentType: 'application/json', body: Buffer.from(`${JSON.stringify(object)}\n`) }
}

/** An error of the API as an answer. */
export function encodeError(error: StatusError): Reply {
  const { status } = error
  const seconds = status.details?.retryAfterSeconds
  return {
    ...encodeObject(status.code, status satisfies Status),
    ...(seconds && { headers: { 'retry-after': String(seconds) } }),
  }
}

function encodeList(page: Page): Buffer {
  const { kind, apiVersion } = page.served.resource
  const meta = JSON.stringify(listMeta(page))
  return joined(`{"kind":"${kind}List","apiVersion":"${apiVersion}","metadata":${meta},"items":[`, page.entries, ']}\n')
}

/** The wire forms of entries, with commas between, in one buffer. */
function joined(head: string, entries: readonly Entry[], tail: string): Buffer {
  let length = head.length + tail.length + Math.max(0, entries.length - 1)
  for (const entry of entries) length += entry.length
  const bytes = Buffer.allocUnsafe(length)
  let offset = bytes.write(head, 'latin1')
  let first = true
  for (const entry of entries) {
    if (!first) bytes[offset++] = comma
    first = false
    offset = entry.copyTo(bytes, offset)
  }
  bytes.write(tail, offset, 'latin1')
  return bytes
}

const comma = 0x2c
