import type { Transport } from './transport.ts'

/** A transport whose server is not known yet: calls wait for it, and go on as if it had been there all the time. */
export interface LateTransport extends Transport {
  /** From now on calls go here. One that was connected before is closed, and its watches end. */
  connect(transport: Transport): void
  readonly isConnected: boolean
}

/** `close` ends the waiting of all calls, and the connected transport. */
export function lateTransport(): LateTransport {
  const first = Promise.withResolvers<void>()
  first.promise.catch(() => {})
  let target: Transport | undefined

  async function connected(signal: AbortSignal | undefined): Promise<Transport> {
    if (!target) await unlessAborted(first.promise, signal)
    return target!
  }

  return {
    connect(transport) {
      const before = target
      target = transport
      first.resolve()
      void before?.close()
    },
    get isConnected() {
      return target !== undefined
    },
    call: async (call, signal) => (await connected(signal)).call(call, signal),
    watch: async (call, on, signal) => (await connected(signal)).watch(call, on, signal),
    raw: async (path, options, signal) => (await connected(signal)).raw(path, options, signal),
    async close() {
      first.reject(new Error('there is no connection to an API server'))
      await target?.close()
    },
  }
}

async function unlessAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return promise
  signal.throwIfAborted()
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
