/** Modules of the kernel. A kernel with everything built in, or without modules, has none to load. */
import type { Files } from './files.ts'
import type { Processes } from './processes.ts'

export interface Modules {
  loaded(name: string): Promise<boolean>
  /** Whether `load` would find it, or it is there already. */
  available(name: string): Promise<boolean>
  /** Loads it and what it needs, where this machine has it. */
  tryLoad(name: string): Promise<void>
  /** Takes it out of the kernel unless something uses it. */
  tryUnload(name: string): Promise<void>
}

/** The modules of this machine's kernel. */
export function linuxModules(files: Files, processes: Processes): Modules {
  const loaded = (name: string) => files.exists(`/sys/module/${name}`)
  const modprobe = (...args: readonly string[]) =>
    processes.run('modprobe', args).then(
      () => true,
      () => false,
    )
  return {
    loaded,
    available: async name => (await loaded(name)) || modprobe('--dry-run', '--quiet', name),
    tryLoad: async name => {
      if (!(await loaded(name))) await modprobe(name)
    },
    tryUnload: async name => {
      if (await loaded(name)) await modprobe('--remove', name)
    },
  }
}
