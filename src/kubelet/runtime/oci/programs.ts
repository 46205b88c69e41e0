/** Programs of this machine together with the shared libraries they load, as entries of an image. */
import { realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Host } from '../../../host/host.ts'
import type { Entry } from './pack.ts'

/** `program` is found in PATH or absolute; it gets the path `at` in the image (default: where it is here). */
export interface Program {
  readonly program: string
  readonly at?: string
}

/** Entries for programs and libraries, without duplicates and with their parent folders. Programs that are not here are left out. */
export async function programEntries(host: Host, programs: readonly Program[]): Promise<readonly Entry[]> {
  const files = new Map<string, Entry>()
  for (const { program, at } of programs) {
    const found = program.startsWith('/') ? program : await host.processes.find(program)
    if (!found || !(await host.files.exists(found))) continue
    await addFile(files, { from: found, at: at ?? found })
    for (const library of await librariesOf(host, found)) await addFile(files, { from: library, at: library })
  }
  return withParents([...files.values()])
}

async function addFile(files: Map<string, Entry>, { from, at }: { from: string; at: string }): Promise<void> {
  const path = at.replace(/^\/+/, '')
  files.set(path, { type: 'file', path, mode: 0o755, content: { file: await realpath(from) } })
}

/** Empty for static programs and scripts. */
async function librariesOf(host: Host, program: string): Promise<readonly string[]> {
  const { stdout } = await host.processes.run('ldd', [program], { okCodes: [1] })
  return stdout.split('\n').flatMap(line => /(?:=>|^)\s*(\/\S+) \(0x/.exec(line)?.[1] ?? [])
}

/** The entries, each preceded by the folders it stands in. */
export function withParents(entries: readonly Entry[]): readonly Entry[] {
  const known = new Set(entries.filter(e => e.type === 'directory').map(e => e.path))
  return entries.flatMap(entry => {
    const parents: Entry[] = []
    for (let at = dirname(entry.path); at !== '.' && !known.has(at); at = dirname(at)) {
      known.add(at)
      parents.unshift({ type: 'directory', path: at })
    }
    return [...parents, entry]
  })
}
