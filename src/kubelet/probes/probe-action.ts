/** One look at a container: by a command, HTTP, a connection, or the gRPC health protocol. */
import { connect } from 'node:net'
import type { Cri } from '../cri/cri.ts'
import { CriError } from '../cri/cri-error.ts'
import type { Container } from '../pod/types.ts'
import { connectError, hostPort } from './address.ts'
import { httpLook } from './http-action.ts'

export interface Action {
  readonly exec?: { readonly command?: readonly string[] | undefined } | undefined
  readonly httpGet?: HttpGet | undefined
  readonly tcpSocket?: { readonly host?: string | undefined; readonly port: number | string } | undefined
  readonly grpc?: { readonly port: number; readonly service: string } | undefined
}
export interface HttpGet {
  readonly host?: string | undefined
  readonly port: number | string
  readonly path: string
  readonly scheme: string
  readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[] | undefined
}

export interface Target {
  readonly cri: Cri
  readonly container: Container
  readonly containerId: string
  /** The pod's address; empty when it has none yet. */
  readonly ip: string
}

/** `output` is what an event tells: of the failure, or of the success that was none. */
export interface Look {
  readonly ok: boolean
  readonly output: string
}

/** Never throws: what cannot be reached has failed. */
export async function look(action: Action, target: Target, timeout: number): Promise<Look> {
  try {
    if (action.exec) return await execLook(action.exec.command ?? [], target, timeout)
    if (action.httpGet)
      return await httpLook(action.httpGet, { target, port: portOf(action.httpGet.port, target), timeout })
    if (action.tcpSocket) {
      const host = action.tcpSocket.host || target.ip
      return await tcpLook(host, portOf(action.tcpSocket.port, target), timeout)
    }
    if (action.grpc) {
      // Loaded when the first pod asks for it.
      const { grpcLook } = await import('./grpc-action.ts')
      return await grpcLook({ address: hostPort(target.ip, action.grpc.port), service: action.grpc.service, timeout })
    }
    return { ok: false, output: 'missing probe handler' }
  } catch (error) {
    return { ok: false, output: error instanceof Error ? error.message : String(error) }
  }
}

async function execLook(command: readonly string[], { cri, containerId }: Target, timeout: number): Promise<Look> {
  try {
    const commandTimeoutSeconds = Math.ceil(timeout / 1000)
    const answer = await cri.execSync(containerId, command, { commandTimeoutSeconds })
    const output = Buffer.concat([answer.stdout, answer.stderr])
      .toString()
      .slice(0, 10 << 10)
    return { ok: answer.exitCode === 0, output }
  } catch (error) {
    if (!(error instanceof CriError)) throw error
    if (error.code === 'DEADLINE_EXCEEDED')
      return { ok: false, output: `command timed out: "${command.join(' ')}" timed out after ${timeout / 1000}s` }
    return { ok: false, output: error.details }
  }
}

function tcpLook(host: string, port: number, timeout: number): Promise<Look> {
  const address = hostPort(host, port)
  return new Promise(resolve => {
    const socket = connect({ host, port })
    const end = (ok: boolean, output: string) => {
      socket.destroy()
      clearTimeout(timer)
      void resolve({ ok, output })
    }
    const timer = setTimeout(() => end(false, `dial tcp ${address}: i/o timeout`), timeout)
    socket.once('connect', () => end(true, ''))
    socket.once('error', error => end(false, `dial tcp ${address}: ${connectError(error)}`))
  })
}

/** A port by number, by number in a text, or by the name a container gave it. */
function portOf(port: number | string, { container }: Target): number {
  if (typeof port === 'number') return port
  const named = container.ports?.find(p => p.name === port)?.containerPort
  const number = named ?? Number(port)
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number
  throw new Error(`couldn't find port: ${port}`)
}
