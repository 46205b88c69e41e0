/** gRPC over a unix socket for one .proto file: promises, deadlines, cancelling, errors as CriError. */
import { fileURLToPath } from 'node:url'
import { Client, type ClientReadableStream, credentials, status } from '@grpc/grpc-js'
import { Proto } from '../../base/proto.ts'
import { type CriCode, CriError } from './cri-error.ts'

/** Durations are milliseconds. A call has a deadline even when none is given. */
export interface CallOptions {
  readonly timeout?: number
  readonly signal?: AbortSignal
}

const defaultTimeout = 120_000
const largestAnswer = 64 << 20

/** A client of the services of one .proto file beside this module, over one socket. */
export class Transport {
  readonly #client: Client
  readonly #proto: Proto

  constructor(options: { readonly socket: string; readonly proto: string }) {
    this.#proto = new Proto(fileURLToPath(new URL(options.proto, import.meta.url)))
    this.#client = new Client(`unix://${options.socket}`, credentials.createInsecure(), {
      'grpc.max_receive_message_length': largestAnswer,
      'grpc.default_authority': 'localhost',
      'grpc.enable_channelz': 0,
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 2_000,
    })
  }

  #method(service: string, name: string) {
    const { request, answer } = this.#proto.services.get(service)!.get(name)!
    return {
      path: `/${service}/${name}`,
      requestSerialize: (message: object) => this.#proto.encode(request, message),
      responseDeserialize: (bytes: Buffer): object => this.#proto.decode(answer, bytes),
    }
  }

  unary<Answer>(service: string, name: string, request: object, options: CallOptions = {}): Promise<Answer> {
    const method = this.#method(service, name)
    return new Promise((resolve, reject) => {
      const { signal } = options
      if (signal?.aborted) return reject(cancelled(name, signal))
      const deadline = Date.now() + (options.timeout ?? defaultTimeout)
      const call = this.#client.makeUnaryRequest(
        method.path,
        method.requestSerialize,
        method.responseDeserialize,
        request,
        { deadline },
        (error, answer) => {
          signal?.removeEventListener('abort', cancel)
          if (error) reject(signal?.aborted ? cancelled(name, signal) : criError(name, error))
          else resolve(answer as Answer)
        },
      )
      const cancel = () => call.cancel()
      signal?.addEventListener('abort', cancel, { once: true })
    })
  }

  /** A server's stream; ends quietly when the signal aborts. */
  async *stream<Answer>(service: string, name: string, request: object, signal: AbortSignal): AsyncIterable<Answer> {
    if (signal.aborted) return
    const method = this.#method(service, name)
    const call: ClientReadableStream<unknown> = this.#client.makeServerStreamRequest(
      method.path,
      method.requestSerialize,
      method.responseDeserialize,
      request,
    )
    const cancel = () => call.cancel()
    signal.addEventListener('abort', cancel, { once: true })
    try {
      for await (const answer of call) yield answer as Answer
    } catch (error) {
      if (!signal.aborted) throw criError(name, error)
    } finally {
      signal.removeEventListener('abort', cancel)
      // A late CANCELLED is an 'error' event, which nobody else would listen to.
      call.on('error', () => {})
      call.cancel()
    }
  }

  close(): void {
    this.#client.close()
  }
}

function cancelled(method: string, signal: AbortSignal): CriError {
  return new CriError({ code: 'CANCELLED', method, details: 'cancelled', cause: signal.reason })
}

function criError(method: string, error: unknown): CriError {
  const { code, details, message } = error as { code?: number; details?: string; message?: string }
  const name = (status[code ?? status.UNKNOWN] ?? 'UNKNOWN') as CriCode
  return new CriError({ code: name, method, details: details || message || 'no details', cause: error })
}
