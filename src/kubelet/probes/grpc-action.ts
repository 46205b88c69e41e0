import { credentials, makeGenericClientConstructor, status } from '@grpc/grpc-js'
import type { Look } from './probe-action.ts'

const HealthClient = makeGenericClientConstructor({}, 'grpc.health.v1.Health')
const serving = 1

/** grpc.health.v1.Health/Check without TLS. */
export function grpcLook(options: {
  readonly address: string
  readonly service: string
  readonly timeout: number
}): Promise<Look> {
  const client = new HealthClient(options.address, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
  })
  return new Promise<Look>(resolve => {
    client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      requestBytes,
      responseStatus,
      options.service,
      { deadline: Date.now() + options.timeout },
      (error, answer) => {
        if (!error) {
          const ok = answer === serving
          return resolve({ ok, output: ok ? '' : `service unhealthy (responded with "${statusName(answer ?? 0)}")` })
        }
        void resolve({ ok: false, output: failure(error.code, error.details, options) })
      },
    )
  }).finally(() => client.close())
}

function failure(code: status, details: string, { address, timeout }: { address: string; timeout: number }): string {
  if (code === status.DEADLINE_EXCEEDED || code === status.UNAVAILABLE) {
    return `timeout: failed to connect service "${address}" within ${timeout / 1000}s: ${details}`
  }
  if (code === status.UNIMPLEMENTED)
    return `this server does not implement the grpc health protocol (grpc.health.v1.Health): ${details}`
  return `rpc error: code = ${status[code]} desc = ${details}`
}

/** HealthCheckRequest { string service = 1 } */
function requestBytes(service: string): Buffer {
  const text = Buffer.from(service)
  const length = text.length < 128 ? [text.length] : [(text.length & 127) | 128, text.length >> 7]
  return text.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, ...length]), text])
}

/** HealthCheckResponse { ServingStatus status = 1 } */
function responseStatus(bytes: Buffer): number {
  return bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0
}

function statusName(value: number): string {
  return ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'][value] ?? String(value)
}
