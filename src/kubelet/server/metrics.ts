/** /metrics/resource, what metrics-server reads. */

import { sandboxStats } from './sandbox-stats.ts'
import type { ServerOptions } from './server.ts'
import { machineCpu, machineMemory } from './stats.ts'

interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  /** Milliseconds; 0: now. */
  readonly at: number
}

/** Prometheus text. */
export async function resourceMetrics({ cri, machine }: ServerOptions): Promise<string> {
  const [pods, cpu, memory] = await Promise.all([sandboxStats(cri), machineCpu(), machineMemory()])
  const now = Date.now()
  const podCpu: Sample[] = []
  const podMemory: Sample[] = []
  const containerCpu: Sample[] = []
  const containerMemory: Sample[] = []
  for (const { attributes, linux } of pods) {
    const { name: pod, namespace } = attributes.metadata
    const add = (
      to: Sample[],
      labels: Sample['labels'],
      of: { timestamp: number } | null | undefined,
      value: number | undefined,
    ) => {
      if (of && value !== undefined) to.push({ labels, value, at: Math.floor(of.timestamp / 1e6) })
    }
    const labels = { namespace, pod }
    add(podCpu, labels, linux?.cpu, seconds(linux?.cpu?.usageCoreNanoSeconds?.value))
    add(podMemory, labels, linux?.memory, linux?.memory?.workingSetBytes?.value)
    for (const container of linux?.containers ?? []) {
      const named = { container: container.attributes.metadata.name, namespace, pod }
      add(containerCpu, named, container.cpu, seconds(container.cpu?.usageCoreNanoSeconds?.value))
      add(containerMemory, named, container.memory, container.memory?.workingSetBytes?.value)
    }
  }
  const one = (value: number): readonly Sample[] => [{ labels: {}, value, at: now }]
  return [
    metric(
      'container_cpu_usage_seconds_total',
      'counter',
      'Cumulative cpu time consumed by the container in core-seconds',
      containerCpu,
    ),
    metric(
      'container_memory_working_set_bytes',
      'gauge',
      'Current working set of the container in bytes',
      containerMemory,
    ),
    metric(
      'node_cpu_usage_seconds_total',
      'counter',
      'Cumulative cpu time consumed by the node in core-seconds',
      one(cpu / 1e9),
    ),
    metric(
      'node_memory_working_set_bytes',
      'gauge',
      'Current working set of the node in bytes',
      one(machine.memoryBytes - memory.available),
    ),
    metric('pod_cpu_usage_seconds_total', 'counter', 'Cumulative cpu time consumed by the pod in core-seconds', podCpu),
    metric('pod_memory_working_set_bytes', 'gauge', 'Current working set of the pod in bytes', podMemory),
    metric(
      'resource_scrape_error',
      'gauge',
      '1 if there was an error while getting container metrics, 0 otherwise',
      one(0),
    ),
  ].join('')
}

function seconds(nanos: number | undefined): number | undefined {
  return nanos === undefined ? undefined : nanos / 1e9
}

function metric(name: string, type: string, help: string, samples: readonly Sample[]): string {
  const lines = samples.map(({ labels, value, at }) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}=${JSON.stringify(text)}`)
    return `${name}${pairs.length ? `{${pairs.join(',')}}` : ''} ${value}${at ? ` ${at}` : ''}\n`
  })
  return `# HELP ${name} [STABLE] ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}
