/** systemd, where it runs the machine. */
import type { Files } from './files.ts'
import type { Processes } from './processes.ts'

export interface Systemd {
  /** Whether systemd is process 1 here. */
  running(): Promise<boolean>
  /** Writes `/etc/systemd/system/NAME` and lets systemd read it. */
  writeUnit(name: string, text: string): Promise<void>
  removeUnit(name: string): Promise<void>
  enable(name: string): Promise<void>
  start(name: string): Promise<void>
  restart(name: string): Promise<void>
  stop(name: string): Promise<void>
  active(name: string): Promise<boolean>
  /** Keeps a unit from being started by anybody, also one that is not installed yet. */
  mask(name: string): Promise<void>
  /** Takes the mask off again; the unit is started by hand only. */
  unmask(name: string): Promise<void>
}

const folder = '/etc/systemd/system'
/** systemd itself kills what does not end within 90 s, unless a unit says otherwise. */
const timeout = 120_000

/** This machine's systemd. Every method but running() needs it. */
export function linuxSystemd(files: Files, processes: Processes): Systemd {
  const systemctl = (...args: readonly string[]) => processes.run('systemctl', args, { okCodes: [3, 4], timeout })
  const act = async (...args: readonly string[]) => {
    await processes.run('systemctl', args, { timeout })
  }
  return {
    running: () => files.exists('/run/systemd/system'),
    writeUnit: async (name, text) => {
      await files.write(`${folder}/${name}`, text)
      await act('daemon-reload')
    },
    removeUnit: async name => {
      await systemctl('disable', '--now', name).catch(() => {})
      await files.remove(`${folder}/${name}`)
      await act('daemon-reload')
      // One that failed is listed as long as that is not forgotten.
      await systemctl('reset-failed', name).catch(() => {})
    },
    enable: name => act('enable', name),
    start: name => act('start', name),
    restart: name => act('restart', name),
    stop: name => act('stop', name),
    mask: name => act('mask', name),
    unmask: async name => {
      await act('unmask', name)
      await systemctl('disable', name).catch(() => {})
    },
    active: async name => (await systemctl('is-active', name)).stdout.trim() === 'active',
  }
}
