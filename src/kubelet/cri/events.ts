/** One stream of container changes, whatever the runtime offers: its CRI events, containerd's own, or polling. */
import { delay } from '../../base/clock.ts'
import type { Cri, RuntimeEventType } from './cri.ts'
import { CriError } from './cri-error.ts'
import { Transport } from './transport.ts'

export type ContainerEventType = 'created' | 'started' | 'stopped' | 'deleted' | 'oom'

export interface ContainerEvent {
  /** A container's or a sandbox's id. */
  readonly containerId: string
  readonly type: ContainerEventType
}

const runtimeTypes: Record<RuntimeEventType, ContainerEventType> = {
  CONTAINER_CREATED_EVENT: 'created',
  CONTAINER_STARTED_EVENT: 'started',
  CONTAINER_STOPPED_EVENT: 'stopped',
  CONTAINER_DELETED_EVENT: 'deleted',
}

const topics: Readonly<Record<string, ContainerEventType>> = {
  '/tasks/start': 'started',
  '/tasks/exit': 'stopped',
  '/tasks/oom': 'oom',
}

const pollEvery = 1_000

/**
 * Changes from now on; list once after the first turn to know what was before. Ends when the signal aborts and throws
 * a CriError when the connection is lost: list again, then call again. Events may come twice or out of order.
 */
export async function* containerEvents(cri: Cri, signal: AbortSignal): AsyncIterable<ContainerEvent> {
  try {
    for await (const event of cri.getContainerEvents(signal)) {
      yield { containerId: event.containerId, type: runtimeTypes[event.containerEventType] }
    }
    return
  } catch (error) {
    if (!isUnimplemented(error)) throw error
  }
  try {
    yield* containerdEvents(cri.socket, signal)
    return
  } catch (error) {
    if (!isUnimplemented(error)) throw error
  }
  yield* polledEvents(cri, signal)
}

function isUnimplemented(error: unknown): boolean {
  return error instanceof CriError && error.code === 'UNIMPLEMENTED'
}

interface Envelope {
  readonly topic: string
  readonly event: { readonly typeUrl: string; readonly value: Uint8Array } | null
}

/** What containerd 1.6 tells of its tasks; exits of exec'd processes are dropped. */
async function* containerdEvents(socket: string, signal: AbortSignal): AsyncIterable<ContainerEvent> {
  const service = 'containerd.services.events.v1.Events'
  const transport = new Transport({ socket, proto: './containerd-events.proto' })
  const filters = ['namespace==k8s.io,topic~="^/tasks/(start|exit|oom)$"']
  try {
    for await (const envelope of transport.stream<Envelope>(service, 'Subscribe', { filters }, signal)) {
      const type = topics[envelope.topic]
      if (!type || !envelope.event) continue
      const { containerId, processId } = taskIds(envelope.event.value)
      if (type === 'stopped' && processId !== containerId) continue
      yield { containerId, type }
    }
  } finally {
    transport.close()
  }
}

/** Fields 1 and 2 of TaskStart, TaskExit and TaskOOM, which all begin with the container's id. */
export function taskIds(message: Uint8Array): { readonly containerId: string; readonly processId: string } {
  const strings = ['', '', '']
  for (let at = 0; at + 1 < message.length; ) {
    const tag = message[at]!
    const length = message[at + 1]!
    if ((tag & 7) !== 2 || tag >> 3 > 2 || length > 127) break
    strings[tag >> 3] = Buffer.from(message.subarray(at + 2, at + 2 + length)).toString()
    at += 2 + length
  }
  return { containerId: strings[1]!, processId: strings[2]! }
}

async function* polledEvents(cri: Cri, signal: AbortSignal): AsyncIterable<ContainerEvent> {
  let before: ReadonlyMap<string, string> | undefined
  while (!signal.aborted) {
    const containers = await cri.listContainers(undefined, { signal }).catch(error => {
      if (!signal.aborted) throw error
    })
    if (!containers) return
    const now = new Map(containers.map(c => [c.id, c.state]))
    if (before) yield* differences(before, now)
    before = now
    await delay(pollEvery, signal).catch(() => {})
  }
}

function* differences(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): Iterable<ContainerEvent> {
  for (const [containerId, state] of now) {
    const old = before.get(containerId)
    if (old === state) continue
    if (!old) yield { containerId, type: 'created' }
    if (state === 'CONTAINER_RUNNING') yield { containerId, type: 'started' }
    if (state === 'CONTAINER_EXITED') yield { containerId, type: 'stopped' }
  }
  for (const containerId of before.keys()) if (!now.has(containerId)) yield { containerId, type: 'deleted' }
}
