/** The status of this node, made anew from what is. */

import { readFile, statfs } from 'node:fs/promises'
import { freemem } from 'node:os'
import type { ContainerImage, NodeStatus } from '../../api/core/v1/node-status.ts'
import type { Clock } from '../../base/clock.ts'
import type { Cri } from '../cri/cri.ts'
import type { RuntimeStatus } from '../cri/types.ts'
import type { Machine } from './machine.ts'
import { nodeConditions, type Pressures } from './node-conditions.ts'

export interface NodeStatusInput {
  readonly cri: Cri
  readonly clock: Clock
  readonly machine: Machine
  readonly nodeName: string
  readonly addresses: readonly string[]
  readonly rootDir: string
  readonly port: number
  readonly problems: readonly string[]
}

/** Upstream's hard eviction thresholds. */
const leastMemory = 100 << 20
const leastDisk = 0.1
const leastInodes = 0.05
const leastPids = 0.05
/** Upstream tells of so many images only, the largest first. */
const mostImages = 50
const mostNames = 5

export async function nodeStatus(before: NodeStatus, input: NodeStatusInput): Promise<NodeStatus> {
  const { machine, clock, problems, nodeName, addresses, port } = input
  const [images, runtime, pressures] = await Promise.all([
    imageList(input.cri).catch(() => before.images ?? []),
    input.cri.status().catch(() => undefined),
    readPressures(input.rootDir),
  ])
  return {
    capacity: machine.capacity,
    allocatable: machine.allocatable,
    conditions: nodeConditions(before.conditions, clock.now(), { pressures, problems }),
    addresses: [
      ...addresses.map(address => ({ type: 'InternalIP', address })),
      { type: 'Hostname', address: nodeName },
    ],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
    nodeInfo: machine.info,
    images,
    ...handlers(runtime),
  }
}

function handlers(runtime: RuntimeStatus | undefined): Pick<NodeStatus, 'runtimeHandlers' | 'features'> {
  if (!runtime?.runtimeHandlers.length) return {}
  return {
    runtimeHandlers: runtime.runtimeHandlers.map(({ name, features }) => ({
      name,
      ...(features && { features: { ...features } }),
    })),
    features: { supplementalGroupsPolicy: runtime.features?.supplementalGroupsPolicy ?? false },
  }
}

async function imageList(cri: Cri): Promise<readonly ContainerImage[]> {
  const images = await cri.listImages()
  return images
    .map(({ repoTags, repoDigests, size }) => ({
      names: [...repoDigests, ...repoTags].slice(0, mostNames),
      sizeBytes: size,
    }))
    .filter(image => image.names.length > 0)
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, mostImages)
}

/** Whether the machine runs out of something pods need. */
async function readPressures(rootDir: string): Promise<Pressures> {
  const [meminfo, disk, pids, mostPids] = await Promise.all([
    readFile('/proc/meminfo', 'utf8').catch(() => ''),
    statfs(rootDir),
    readFile('/proc/loadavg', 'utf8').catch(() => ''),
    readFile('/proc/sys/kernel/pid_max', 'utf8').catch(() => ''),
  ])
  const available = /^MemAvailable:\s*(\d+) kB/m.exec(meminfo)?.[1]
  const memory = available === undefined ? freemem() : Number(available) * 1024
  const running = Number(pids.split(' ')[3]?.split('/')[1] ?? 0)
  const most = Number(mostPids) || Number.POSITIVE_INFINITY
  return {
    memory: memory < leastMemory,
    disk: disk.bavail / disk.blocks < leastDisk || (disk.files > 0 && disk.ffree / disk.files < leastInodes),
    pids: running > most * (1 - leastPids),
  }
}
