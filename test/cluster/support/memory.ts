/** What the processes of a machine of the lab hold in memory. */
import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Machine } from '../lab/machine.ts'

/** Megabytes (10^6 bytes). */
export interface Memory {
  readonly rss: number
  /** Its share of what it maps, as the kernel counts it: shared pages are divided among all who map them. */
  readonly pss: number
  /** What nobody else has: heap, stacks, code made at run time. */
  readonly anonymous: number
}

export interface ProcessMemory extends Memory {
  /** As upstream calls it: `kube-apiserver`, `etcd`, `containerd-shim`. */
  readonly name: string
}

export interface MachineMemory {
  readonly processes: readonly ProcessMemory[]
  /**
   * Of all processes together: what each has for itself, and every file once, whoever maps it. As PSS on a machine where
   * nothing else runs; the programs of the lab's machine are mapped by others of its host, too.
   */
  readonly total: number
}

interface Read extends ProcessMemory {
  /** Megabytes of files, by inode and name. The inode is that of the layer below, also in containers. */
  readonly files: ReadonlyMap<string, number>
}

/** Every process in a machine, its containers' too, the largest first. The lab's own are left out. */
export async function memoryOf(machine: Machine): Promise<MachineMemory> {
  const proc = machine.file('/proc')
  const numbers = (await readdir(proc)).filter(name => /^\d+$/.test(name) && name !== '1')
  const read = (await Promise.all(numbers.map(number => memoryOfProcess(`${proc}/${number}`)))).filter(each => !!each)
  const files = new Map<string, number>()
  for (const each of read) for (const [file, size] of each.files) files.set(file, Math.max(size, files.get(file) ?? 0))
  const sum = (numbers: Iterable<number>) => [...numbers].reduce((all, one) => all + one, 0)
  return {
    processes: read.toSorted((a, b) => b.pss - a.pss).map(({ files: _, ...memory }) => memory),
    total: sum(read.map(each => each.anonymous)) + sum(files.values()),
  }
}

/** Undefined for one that ended meanwhile, or is none of user space. */
async function memoryOfProcess(folder: string): Promise<Read | undefined> {
  try {
    const [command, smaps] = await Promise.all([
      readFile(`${folder}/cmdline`, 'utf8'),
      readFile(`${folder}/smaps`, 'utf8'),
    ])
    if (smaps === '') return undefined
    const files = new Map<string, number>()
    const all = { Rss: 0, Pss: 0, Anonymous: 0 }
    let file = ''
    for (const line of smaps.split('\n')) {
      const mapping = /^[\da-f]+-[\da-f]+ \S+ \S+ \S+ (\d+)(?: +(\/.*))?/.exec(line)
      if (mapping) file = mapping[1] === '0' ? '' : `${mapping[1]} ${basename(mapping[2] ?? '')}`
      const [, field, kilobytes] = /^(Rss|Pss|Anonymous): +(\d+) kB/.exec(line) ?? []
      if (!field) continue
      const size = (Number(kilobytes) * 1024) / 1e6
      all[field as keyof typeof all] += size
      if (file && field !== 'Pss') files.set(file, (files.get(file) ?? 0) + (field === 'Rss' ? size : -size))
    }
    return {
      name: nameOf(command.split('\0'), basename(await readlink(`${folder}/exe`))),
      rss: all.Rss,
      pss: all.Pss,
      anonymous: all.Anonymous,
      files,
    }
  } catch {
    return undefined
  }
}

/** The component where it is one of ours, else the program. */
function nameOf(words: readonly string[], program: string): string {
  if (!/^node|^kobune/.test(program)) return program
  const main = words.findIndex(word => /\/kobune$|\/main\.[jt]s$/.test(word))
  return words[main + 1] || program
}
