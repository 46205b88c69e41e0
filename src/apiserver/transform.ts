import type { Change, ChangeType } from './cache/watch-event.ts'
import type { Form } from './negotiation.ts'
import type { Answer } from './registry/api-request.ts'
import type { Served } from './registry/served.ts'
import type { Frames } from './watch-stream.ts'

export async function transformed(
  answer: Answer,
  form: Form,
  param: (name: string) => string | undefined,
): Promise<Buffer> {
  throw new Error(`${answer.type} ${form.key} ${param('x')}`)
}
export function transformedFrames(served: Served, form: Form, param: (name: string) => string | undefined): Frames {
  throw new Error(`${served.prefix} ${form.key} ${param('x')}`)
}
export type X = [Change, ChangeType]
