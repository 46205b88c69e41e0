/**
 * A tun device: an interface whose packets a process moves. Opening one takes a system call that Node does not have, so
 * `socat` holds it and passes each packet on as a datagram of the loopback.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { delay } from '../base/clock.ts'
import { HostError } from './host-error.ts'
import type { Processes } from './processes.ts'

export interface TunOptions {
  readonly name: string
  /** `10.5.34.0/32` */
  readonly address: string
  readonly mtu: number
  /** A packet that the kernel sent into the device. */
  readonly packet: (bytes: Uint8Array) => void
}

export interface Tun {
  /** Hands the kernel a packet, as if it came in by the device. */
  send(bytes: Uint8Array): void
  /** Resolves when the device is gone though nobody closed it. */
  readonly lost: Promise<void>
  close(): Promise<void>
}

/** Milliseconds until the device must be there. */
const patience = 5_000

/** Opens the device; it is gone when this process ends, however it does. */
export async function openTun(processes: Processes, options: TunOptions): Promise<Tun> {
  const { name, address, mtu } = options
  const fail = (code: string, message: string) => new HostError({ verb: 'open', target: `tun ${name}`, code, message })
  if (!(await processes.find('socat')))
    throw fail('missing', 'the program socat is not installed: apt-get install socat')
  const ours = await bound(0)
  const port = await freePort()
  const device = `TUN:${address},tun-name=${name},tun-type=tun,iff-no-pi,iff-up`
  const relay = `UDP4-SENDTO:127.0.0.1:${ours.address().port},bind=127.0.0.1:${port}`
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'socat', '-b', '65536', device, relay], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2_000)
  })
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()).once('error', () => resolve()))
  ours.on('message', (bytes, from) => {
    if (from.port === port && from.address === '127.0.0.1') options.packet(bytes)
  })
  try {
    for (const end = Date.now() + patience; !existsSync(`/sys/class/net/${name}`); await delay(20)) {
      if (child.exitCode !== null || Date.now() > end) throw fail('exit', said.trim() || 'the device does not appear')
    }
    await processes.run('ip', ['link', 'set', name, 'mtu', String(mtu), 'up'])
  } catch (error) {
    await closeAll(child, ended, ours)
    throw error
  }
  return {
    send: bytes => ours.send(bytes, port, '127.0.0.1', () => {}),
    lost: ended,
    close: () => closeAll(child, ended, ours),
  }
}

async function closeAll(child: ChildProcess, ended: Promise<void>, socket: Socket): Promise<void> {
  child.kill('SIGKILL')
  await ended
  socket.close()
}

async function bound(port: number): Promise<Socket> {
  const socket = createSocket('udp4')
  socket.bind(port, '127.0.0.1')
  await once(socket, 'listening')
  socket.on('error', () => {})
  return socket
}

async function freePort(): Promise<number> {
  const socket = await bound(0)
  const { port } = socket.address()
  await new Promise<void>(resolve => socket.close(resolve))
  return port
}
