/** The members of an etcd cluster: who they are, how they are, and how one joins and leaves. */
import { status as grpcStatus } from '@grpc/grpc-js'
import { type Clock, delay, systemClock } from '../../base/clock.ts'
import { EtcdConnection, EtcdError, type EtcdOptions } from './connection.ts'

export interface EtcdMember {
  /** Hexadecimal, as etcdctl prints it. */
  readonly id: string
  /** Empty until the member has started for the first time. */
  readonly name: string
  readonly peerUrls: readonly string[]
  readonly clientUrls: readonly string[]
  /** Follows, but has no vote yet. */
  readonly learner: boolean
}

export interface EtcdMemberStatus {
  readonly endpoint: string
  readonly id: string
  readonly version: string
  /** Hexadecimal; `0` when it knows none. */
  readonly leader: string
  readonly learner: boolean
  readonly bytes: number
  readonly revision: number
  readonly errors: readonly string[]
}

export interface EtcdCluster {
  /** As the quorum knows it. Throws when there is none. */
  members(): Promise<readonly EtcdMember[]>
  /** As one member remembers it, which works without a quorum. */
  membersAsKnown(): Promise<readonly EtcdMember[]>
  /** Adds a member that follows without a vote; waits while another one is still learning. Answers itself when it is there. */
  addLearner(peerUrl: string, patience?: number): Promise<EtcdMember>
  /** Gives a learner its vote as soon as it has caught up; fine when it has one. `patience` in milliseconds. */
  promote(id: string, patience?: number): Promise<void>
  /** Fine when it is gone already. */
  remove(id: string): Promise<void>
  /** Of every endpoint given; `undefined` for one that does not answer. */
  status(): Promise<readonly (EtcdMemberStatus | { readonly endpoint: string; readonly error: string })[]>
  close(): void
}

interface RawMember {
  readonly ID: string
  readonly name: string
  readonly peerUrls: readonly string[]
  readonly clientUrls: readonly string[]
  readonly isLearner: boolean
}

interface MembersAnswer {
  readonly members: readonly RawMember[]
}

const hex = (decimal: string) => BigInt(decimal).toString(16)
const decimal = (id: string) => BigInt(`0x${id}`).toString()
/** How often to look whether a member may join or be promoted, milliseconds. */
const retryEvery = 250
/** How long a member may take to say how it is, milliseconds. */
const statusPatience = 4_000

/** Opens connections to the endpoints; nothing is asked yet. */
export function etcdCluster(options: EtcdOptions & { readonly clock?: Clock }): EtcdCluster {
  const { clock = systemClock } = options
  const all = new EtcdConnection(options)
  const each = options.endpoints.map(endpoint => ({
    endpoint,
    connection: new EtcdConnection({ ...options, endpoints: [endpoint] }),
  }))
  const ask = (name: string, request: object) => all.call<MembersAnswer>('Cluster', name, request, true)
  const membersOf = ({ members }: MembersAnswer) => members.map(memberOf)
  const list = async (linearizable: boolean) => membersOf(await ask('MemberList', { linearizable }))

  /** Does it until it is done, or refused for good, or patience ends. */
  async function persist<T>(patience: number, wait: (message: string) => boolean, work: () => Promise<T>): Promise<T> {
    const end = clock.now() + patience
    for (;;) {
      try {
        return await work()
      } catch (error) {
        const may = error instanceof EtcdError && (error.unreachable || wait(error.message))
        if (!may || clock.now() >= end) throw error
        await delay(retryEvery, undefined, clock)
      }
    }
  }

  return {
    members: () => list(true),
    membersAsKnown: () => list(false),

    addLearner: (peerUrl, patience = 120_000) =>
      persist(patience, isBusy, async () => {
        const known = (await list(true)).find(member => member.peerUrls.includes(peerUrl))
        if (known) return known
        const answer = await all.call<{ member: RawMember }>(
          'Cluster',
          'MemberAdd',
          { peerUrls: [peerUrl], isLearner: true },
          // Asked again, the first may have happened: the list at the beginning tells.
          false,
        )
        return memberOf(answer.member)
      }),

    promote: (id, patience = 120_000) =>
      persist(
        patience,
        message => message.includes('in sync with leader'),
        async () => {
          const member = (await list(true)).find(each => each.id === id)
          if (!member) throw new Error(`etcd has no member ${id} any more: somebody removed it while it was joining`)
          if (member.learner) await ask('MemberPromote', { ID: decimal(id) })
        },
      ),

    async remove(id) {
      try {
        await ask('MemberRemove', { ID: decimal(id) })
      } catch (error) {
        if (!(error instanceof EtcdError && error.code === grpcStatus.NOT_FOUND)) throw error
      }
    },

    status: () =>
      Promise.all(
        each.map(async ({ endpoint, connection }) => {
          try {
            const answer = await answered(connection.call<StatusAnswer>('Maintenance', 'Status', {}, false), clock)
            return {
              endpoint,
              id: hex(answer.header.memberId),
              version: answer.version,
              leader: hex(answer.leader),
              learner: answer.isLearner,
              bytes: answer.dbSize,
              revision: answer.header.revision,
              errors: answer.errors,
            }
          } catch (error) {
            return { endpoint, error: (error as Error).message }
          }
        }),
      ),

    close() {
      all.close()
      for (const { connection } of each) connection.close()
    },
  }
}

/** A member that takes longer does not answer. */
async function answered<T>(answer: Promise<T>, clock: Clock): Promise<T> {
  const over = new AbortController()
  const late = delay(statusPatience, over.signal, clock).then(() => {
    throw new Error('it does not answer')
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    late.catch(() => undefined)
    over.abort()
  }
}

interface StatusAnswer {
  readonly header: { readonly memberId: string; readonly revision: number }
  readonly version: string
  readonly dbSize: number
  readonly leader: string
  readonly isLearner: boolean
  readonly errors: readonly string[]
}

function memberOf({ ID, name, peerUrls, clientUrls, isLearner }: RawMember): EtcdMember {
  return { id: hex(ID), name, peerUrls, clientUrls, learner: isLearner }
}

/** etcd takes one learner at a time, and none while members are not well connected. */
function isBusy(message: string): boolean {
  return /too many learner|unhealthy cluster|not healthy|re-configuration failed/.test(message)
}
