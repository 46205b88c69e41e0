/** Kernel settings under /proc/sys, by their dotted name. */
import { readFile, writeFile } from 'node:fs/promises'
import { attempt, errorCode } from './host-error.ts'

export interface Sysctl {
  /** Undefined when this kernel or namespace does not have it. */
  get(name: string): Promise<string | undefined>
  set(name: string, value: string | number): Promise<void>
  /** Sets it where the kernel lets us; answers whether it holds now. For settings that are read-only in some namespaces. */
  trySet(name: string, value: string | number): Promise<boolean>
}

/** The settings of this machine (those of networks: of our network namespace). */
export const linuxSysctl: Sysctl = {
  get: name =>
    attempt('read', name, async () => {
      try {
        return (await readFile(pathOf(name), 'utf8')).trim()
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return undefined
        throw error
      }
    }),
  set: async (name, value) => {
    if ((await linuxSysctl.get(name)) === String(value)) return
    await attempt('set', `${name}=${value}`, () => writeFile(pathOf(name), String(value)))
  },
  trySet: (name, value) =>
    linuxSysctl.set(name, value).then(
      () => true,
      () => false,
    ),
}

/** A slash in the name stands for a dot in a path element, as in `net.ipv4.conf.eth0/1.forwarding`. */
function pathOf(name: string): string {
  return `/proc/sys/${name.replace(/[./]/g, c => (c === '.' ? '/' : '.'))}`
}
