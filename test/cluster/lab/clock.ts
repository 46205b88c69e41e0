/**
 * A clock of one's own for programs of a machine, by Debian's `faketime`, which answers in the place of libc. It moves
 * what libc tells: Node and most programs, with all that they start. It does not move programs that ask the kernel
 * without libc (etcd and others in Go), nor containers, which do not have the library. How long things take is left alone.
 */
import { globSync } from 'node:fs'
import type { Machine } from './machine.ts'

/** Where a machine's offset stands. */
export const clockFile = '/run/lab-clock'

/** Why clocks cannot be moved here, or false. */
export function clockMissing(): string | false {
  return library() ? false : 'needs the program faketime: apt-get install faketime'
}

function library(): string | undefined {
  return globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')[0]
}

/**
 * Moves a machine's clock by something like `+1d` or `-2h`; answers the environment of programs that follow it. Programs
 * that were started with it follow when it is moved again, within a second.
 */
export async function moveClock(machine: Machine, offset: string): Promise<Readonly<Record<string, string>>> {
  await machine.ok('sh', ['-c', `cat > ${clockFile}`], { input: `${offset}\n` })
  return {
    LD_PRELOAD: library() ?? '',
    FAKETIME_TIMESTAMP_FILE: clockFile,
    FAKETIME_CACHE_DURATION: '1',
    DONT_FAKE_MONOTONIC: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
}
