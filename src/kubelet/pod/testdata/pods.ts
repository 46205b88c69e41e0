/** Pods and runtime states for tests. */
import { Pod } from '../../../api/core/v1/pod.ts'
import { fill } from '../../../schema/fill.ts'
import { view } from '../../../schema/view.ts'
import type { RuntimeContainer, RuntimePod, RuntimeSandbox } from '../runtime-pod.ts'

/** A pod as the API server hands it out. */
export function testPod(spec: object = {}, more: { readonly metadata?: object; readonly status?: object } = {}): Pod {
  const metadata = { name: 'web', namespace: 'default', uid: 'u1', resourceVersion: '1', ...more.metadata }
  const containers = [{ name: 'main', image: 'busybox' }]
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers, ...spec }, status: { ...more.status } }
  fill(view(Pod), pod)
  return pod as unknown as Pod
}

export const sandbox = (more: Partial<RuntimeSandbox> = {}): RuntimeSandbox => ({
  id: 's0',
  attempt: 0,
  ready: true,
  createdAt: 1,
  ips: ['10.0.0.2'],
  hostNetwork: false,
  ...more,
})

export const container = (name: string, more: Partial<RuntimeContainer> = {}): RuntimeContainer => ({
  id: `${name}-${more.attempt ?? 0}`,
  name,
  sandboxId: 's0',
  attempt: 0,
  state: 'running',
  createdAt: 1_000,
  startedAt: 2_000,
  finishedAt: 0,
  exitCode: 0,
  reason: '',
  message: '',
  image: 'busybox',
  imageRef: 'sha256:1',
  hash: '',
  user: undefined,
  ...more,
})

/** One that has ended. */
export const exited = (name: string, exitCode: number, more: Partial<RuntimeContainer> = {}): RuntimeContainer =>
  container(name, { state: 'exited', exitCode, finishedAt: 3_000, ...more })

export const runtime = (
  containers: readonly RuntimeContainer[] = [],
  sandboxes: readonly RuntimeSandbox[] = [sandbox()],
): RuntimePod => ({ uid: 'u1', name: 'web', namespace: 'default', sandboxes, containers })
