/**
 * A TCP balancer: connections to one local port go to whichever backend is well. Backends are checked all the time; the
 * connections of one that died are broken, so that clients notice at once and come back by another.
 */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type Clock, systemClock } from './clock.ts'

export interface Backend {
  readonly host: string
  readonly port: number
  /** Lower ones are used first, as long as they are well. */
  readonly rank: number
}

/**
 * `ready`: works. `alive`: answers, and says that it does not work. `slow`: takes connections, and is late with its answers,
 * as one under load is. `down`: does not answer.
 */
export type BackendState = 'ready' | 'alive' | 'slow' | 'down'

export interface TcpBalancerOptions {
  readonly host: string
  /** 0: a free one. */
  readonly port: number
  /** Looks at a backend; rejects when it does not answer. The signal is aborted when it took too long. */
  readonly check: (backend: Backend, signal: AbortSignal) => Promise<'ready' | 'alive'>
  /**
   * Milliseconds between the beginnings of checks, and how long one may take. A dead backend is left after both, at most;
   * one that still takes connections and says nothing, after two late answers.
   */
  readonly checkEvery?: number
  readonly checkTimeout?: number
  /** How long a new connection waits while no backend is well, milliseconds. */
  readonly patience?: number
  readonly mostConnections?: number
  readonly clock?: Clock
  /** Told of what a backend is found to be at first, and of each change. */
  readonly changed?: (backend: Backend, state: BackendState, why: string) => void
}

export interface TcpBalancer {
  readonly port: number
  /** Those that are new are checked at once; connections of those that are gone are broken. */
  setBackends(backends: readonly Backend[]): void
  states(): readonly (Backend & { readonly state: BackendState; readonly connections: number })[]
  stop(): Promise<void>
}

const connectTimeout = 1_000
/** So many answers of a backend may be late, one after the other, while it takes connections. */
const mostLate = 1
/** One that is down for longer is looked at less often. */
const longDown = 60_000
const rarely = 5

const order: Readonly<Record<BackendState, number>> = { ready: 0, alive: 1, slow: 2, down: 3 }

/** One backend, with what is known of it. */
interface Member {
  readonly backend: Backend
  state: BackendState
  since: number
  /** Late answers, one after the other. */
  late: number
  /** It has been looked at. */
  seen: boolean
  readonly open: Set<() => void>
  ended: boolean
  /** Checks now instead of later. */
  hurry: () => void
  /** Gives up the check under way. */
  giveUp: (error: Error) => void
}

const keyOf = ({ host, port }: Pick<Backend, 'host' | 'port'>) => `${host} ${port}`

/** Resolves when it listens; rejects when the port is taken. */
export async function startTcpBalancer(options: TcpBalancerOptions): Promise<TcpBalancer> {
  const { checkEvery = 1_000, checkTimeout = 1_500, patience = 10_000, mostConnections = 4096 } = options
  const { clock = systemClock } = options
  const members = new Map<string, Member>()
  const clients = new Set<Socket>()
  const waiting = new Set<() => void>()
  let turn = 0
  let stopped = false

  function become(member: Member, state: BackendState, why: string): void {
    if (member.state !== state || !member.seen) {
      member.since = clock.now()
      member.state = state
      member.seen = true
      options.changed?.(member.backend, state, why)
    }
    if (state !== 'down') for (const go of [...waiting]) go()
    else breakConnections(member)
  }

  /** A late answer of the only one there is may be load, not death: its connections are left a while. */
  function breakConnections(member: Member): void {
    const alone = ![...members.values()].some(other => other.state !== 'down')
    if (alone && clock.now() - member.since < 10 * checkTimeout) return
    for (const close of [...member.open]) close()
  }

  async function watch(member: Member): Promise<void> {
    while (!member.ended) {
      const began = clock.now()
      const { state, why } = await look(member)
      if (member.ended) return
      become(member, state, why)
      const slow = state === 'down' && clock.now() - member.since > longDown ? rarely : 1
      const pause = Math.max(10, checkEvery * slow - (clock.now() - began))
      const woken = Promise.withResolvers<void>()
      const cancel = clock.after(pause, woken.resolve)
      member.hurry = () => {
        cancel()
        woken.resolve()
      }
      await woken.promise
    }
  }

  /**
   * The connections of a backend that is only late must not be broken, those of a machine without power must, and soon:
   * the kernel of the one still takes connections. So it is asked for one when a third of the time is left.
   */
  async function look(member: Member): Promise<{ state: BackendState; why: string }> {
    const giveUp = new AbortController()
    const gaveUp = Promise.withResolvers<never>()
    gaveUp.promise.catch(() => {})
    member.giveUp = error => {
      giveUp.abort(error)
      gaveUp.reject(error)
    }
    let takesConnections = false
    const knock = () =>
      dial(member.backend).then(
        socket => {
          takesConnections = true
          socket.destroy()
        },
        () => {},
      )
    const cancelKnock = clock.after((checkTimeout * 2) / 3, () => void knock())
    const cancel = clock.after(checkTimeout, () => member.giveUp(new Error(`no answer within ${checkTimeout} ms`)))
    try {
      const state = await Promise.race([options.check(member.backend, giveUp.signal), gaveUp.promise])
      member.late = 0
      return { state, why: '' }
    } catch (error) {
      const slow = takesConnections && giveUp.signal.aborted && member.late < mostLate && member.state !== 'down'
      member.late = slow ? member.late + 1 : 0
      return { state: slow ? 'slow' : 'down', why: (error as Error).message }
    } finally {
      cancel()
      cancelKnock()
    }
  }

  function end(member: Member): void {
    member.ended = true
    member.hurry()
    member.giveUp(new Error('it is no backend any more'))
  }

  /** The backends to try now, best first; those that are equally good take turns. */
  function candidates(): Member[] {
    turn += 1
    const all = [...members.values()].filter(member => member.state !== 'down')
    const place = (index: number) => (index + turn) % all.length
    return all
      .map((member, index) => ({ member, index: place(index) }))
      .sort(
        (a, b) =>
          order[a.member.state] - order[b.member.state] ||
          a.member.backend.rank - b.member.backend.rank ||
          a.index - b.index,
      )
      .map(({ member }) => member)
  }

  /** Resolves when a backend may have become well; rejects after the patience. */
  function better(client: Socket, until: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (act: () => void) => () => {
        cancel()
        waiting.delete(go)
        client.off('close', gone)
        act()
      }
      const go = done(resolve)
      const gone = done(() => reject(new Error('the client went away')))
      const cancel = clock.after(
        Math.max(0, until - clock.now()),
        done(() => reject(new Error('no backend is well'))),
      )
      waiting.add(go)
      client.once('close', gone)
    })
  }

  async function serve(client: Socket): Promise<void> {
    const until = clock.now() + patience
    for (;;) {
      for (const member of candidates()) {
        if (client.destroyed) return
        const server = await dial(member.backend).catch(() => undefined)
        if (server && (client.destroyed || stopped || !members.has(keyOf(member.backend)))) return void server.destroy()
        if (server) return join(client, server, member)
        member.hurry()
      }
      await better(client, until)
    }
  }

  const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, client => {
    client.on('error', () => client.destroy())
    if (stopped || clients.size >= mostConnections) return void client.destroy()
    clients.add(client)
    client.once('close', () => clients.delete(client))
    serve(client).catch(() => client.destroy())
  })
  server.listen(options.port, options.host)
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    setBackends(backends) {
      const wanted = new Map(backends.map(backend => [keyOf(backend), backend]))
      for (const [key, member] of members) {
        if (wanted.get(key)?.rank === member.backend.rank) continue
        members.delete(key)
        end(member)
        const next = wanted.get(key)
        // The same one in another place of the list keeps what it has.
        if (next) members.set(key, begin(next, member))
        else for (const close of [...member.open]) close()
      }
      for (const [key, backend] of wanted) if (!members.has(key)) members.set(key, begin(backend))
    },
    states: () =>
      [...members.values()].map(({ backend, state, open }) => ({ ...backend, state, connections: open.size })),
    async stop() {
      stopped = true
      for (const member of members.values()) end(member)
      server.close()
      for (const client of clients) client.destroy()
      await once(server, 'close')
    },
  }

  function begin(backend: Backend, before?: Member): Member {
    const member: Member = {
      backend,
      state: before?.state ?? 'down',
      since: before?.since ?? clock.now(),
      late: before?.late ?? 0,
      seen: before?.seen ?? false,
      open: before?.open ?? new Set(),
      ended: false,
      hurry: () => {},
      giveUp: () => {},
    }
    void watch(member)
    return member
  }
}

function dial({ host, port }: Backend): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, keepAlive: true, allowHalfOpen: true })
    socket.setTimeout(connectTimeout, () => socket.destroy(new Error('connecting took too long')))
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.setTimeout(0)
      resolve(socket)
    })
  })
}

/** Lets bytes through in both directions until either side ends, or the backend is given up. */
function join(client: Socket, server: Socket, member: { readonly open: Set<() => void> }): void {
  const close = () => {
    client.destroy()
    server.destroy()
  }
  member.open.add(close)
  for (const side of [client, server]) {
    side.on('error', close)
    side.once('close', () => {
      member.open.delete(close)
      close()
    })
  }
  client.pipe(server)
  server.pipe(client)
}
