/** A machine on which a workflow changes nothing: what it would write goes to a folder of its own, the rest is told. */
import { mkdtemp } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Host } from '../host/host.ts'
import { recordingHost } from '../host/recording-host.ts'
import { paths } from './paths.ts'

export interface DryRun {
  readonly host: Host
  /** Writes the files to the folder, and tells of everything that would have been done. */
  tell(say: (line: string) => void): Promise<void>
}

/** Commands that only look. */
const looking: readonly RegExp[] = [/etcd --version$/, /^ip (-j|-brief|-o)/, /^dpkg-query /]

/** kubeadm's variables for where files of dry runs go. */
const folders: Readonly<Record<string, string>> = {
  init: 'KUBEADM_INIT_DRYRUN_DIR',
  join: 'KUBEADM_JOIN_DRYRUN_DIR',
  upgrade: 'KUBEADM_UPGRADE_DRYRUN_DIR',
}

export function dryRunHost(under: Host, command: 'init' | 'join' | 'upgrade' | 'reset'): DryRun {
  const recording = recordingHost({ under })
  const host: Host = {
    ...recording,
    processes: {
      ...recording.processes,
      find: under.processes.find,
      run: (program, args, options) =>
        (looking.some(each => each.test([program, ...args].join(' '))) ? under : recording).processes.run(
          program,
          args,
          options,
        ),
    },
    packages: { ...recording.packages, supported: under.packages.supported, missing: under.packages.missing },
  }
  return {
    host,
    async tell(say) {
      const wanted = process.env[folders[command] ?? '']
      if (!wanted) await under.files.makeDirectory(paths.kubernetesTmp, { mode: 0o700 })
      const folder = wanted ?? (await mkdtemp(join(paths.kubernetesTmp, `kobune-${command}-dryrun`)))
      if (wanted) await under.files.makeDirectory(wanted, { mode: 0o700 })
      for (const { verb, target } of recording.effects) {
        if (verb !== 'write') say(`[dryrun] Would ${verb} ${target}`)
        // Written beside its place first, and moved there since.
        else if (await recording.files.exists(target)) {
          const file = join(folder, basename(target))
          await under.files.write(file, await recording.files.readBytes(target), { mode: 0o600 })
          say(`[dryrun] Wrote ${target} to ${file}`)
        }
      }
    },
  }
}
