/** A control plane that runs as processes of its machine, without pods: their command lines, as static pods have theirs. */
import type { Host } from '../../host/host.ts'
import type { Layout } from '../node-context.ts'
import { paths } from '../paths.ts'
import type { StaticPodName } from './static-pod.ts'

export interface ControlPlaneProcesses {
  readonly layout: Exclude<Layout, 'static-pods'>
  /** Program first, with its absolute path but for our own, which is `/kobune` as in the image. */
  readonly commands: Readonly<Partial<Record<StaticPodName, readonly string[]>>>
  /** Our own program, as it was started last. */
  readonly program: readonly string[]
}

/** Undefined where the control plane is made of pods, or there is none. */
export async function readControlPlaneProcesses({
  files,
}: Pick<Host, 'files'>): Promise<ControlPlaneProcesses | undefined> {
  const text = await files.readIfThere(paths.controlPlaneProcesses)
  return text === undefined ? undefined : (JSON.parse(text) as ControlPlaneProcesses)
}

/** Readable by root only: arguments may hold what others should not see. */
export async function writeControlPlaneProcesses(
  { files }: Pick<Host, 'files'>,
  processes: ControlPlaneProcesses,
): Promise<void> {
  await files.write(paths.controlPlaneProcesses, `${JSON.stringify(processes, undefined, 2)}\n`, { mode: 0o600 })
}
