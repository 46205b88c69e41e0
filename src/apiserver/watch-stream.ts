import { StatusError } from '../machinery/status-error.ts'
import type { Change, ChangeType } from './cache/watch-event.ts'
import { bookmarkObject, type Frames } from './frames.ts'
import type { Form } from './negotiation.ts'
import type { Answer, Follower } from './registry/api-request.ts'
import type { Reply, Sink } from './request.ts'

/** Frames a watcher may be behind before it is ended: it starts again where it was. */
const mostBehind = 8192

type WatchAnswer = Extract<Answer, { type: 'watch' }>

/** A watch as a stream of JSON lines. Frames that gather in one turn of the event loop leave together. */
export async function watchStream(
  answer: WatchAnswer,
  form: Form,
  param: (name: string) => string | undefined,
): Promise<Reply> {
  const frames = form.as
    ? (await import('./transform.ts')).transformedFrames(answer.served, form, param)
    : plainFrames(answer)
  return { code: 200, contentType: 'application/json', run: (sink, signal) => stream(answer, frames, sink, signal) }
}

function stream(answer: WatchAnswer, frames: Frames, sink: Sink, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    let pending: Buffer[] = []
    let scheduled = false
    let full = false
    let over = false
    /** Nothing more comes, but what is pending has to go out. */
    let ending = false
    let stop: (() => void) | undefined
    const finish = () => {
      over = true
      stop?.()
      signal.removeEventListener('abort', finish)
      void resolve()
    }
    const flush = () => {
      scheduled = false
      if (pending.length === 0 || full || signal.aborted) return
      const bytes = pending.length === 1 ? pending[0]! : Buffer.concat(pending)
      pending = []
      if (sink.write(bytes)) return
      full = true
      void sink.drained().then(() => {
        full = false
        flush()
        if (ending && !full) finish()
      })
    }
    const push = (frame: Buffer) => {
      if (over) return
      pending.push(frame)
      if (pending.length > mostBehind) return finish()
      if (scheduled) return
      scheduled = true
      setImmediate(flush)
    }
    const follower: Follower = {
      change: (type, change) => push(frames.change(type, change)),
      bookmark: (revision, initialEventsEnd) => push(frames.bookmark(revision, initialEventsEnd)),
      ended(error) {
        if (error instanceof StatusError) push(frameOf('ERROR', JSON.stringify(error.status)))
        flush()
        if (full) ending = true
        else finish()
      },
    }
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', finish, { once: true })
    stop = answer.follow(follower)
    if (over) stop()
  })
}

const frameOf = (type: string, object: string) => Buffer.from(`{"type":"${type}","object":${object}}\n`)

function plainFrames({ served }: WatchAnswer): Frames {
  return {
    change: plainFrame,
    bookmark: (revision, end) => frameOf('BOOKMARK', JSON.stringify(bookmarkObject(served.resource, revision, end))),
  }
}

/** A change in full, encoded once for all plain watchers. */
function plainFrame(type: ChangeType, change: Change): Buffer {
  return change.frame(type, () => {
    const head = `{"type":"${type}","object":`
    const entry = change.shown(type)
    const bytes = Buffer.allocUnsafe(head.length + entry.length + 2)
    let offset = bytes.write(head, 'latin1')
    offset = entry.copyTo(bytes, offset)
    bytes.write('}\n', offset, 'latin1')
    return bytes
  })
}
