/** Labs on disk: one folder each, with the processes that make it and the process that owns it. */
import { mkdir, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { removeGroup } from './groups.ts'
import { startTime } from './machine.ts'

/** On a real disk: containerd and databases stand in it. */
export const labsFolder = '/var/tmp/kobune-lab'
/** The lab that `npm run lab` keeps; others of its kind have a name behind it. */
export const labByHand = 'hand'
export const madeByHand = (lab: string) => lab === labByHand || lab.startsWith(`${labByHand}-`)

/** Makes the folder of a lab that this process owns. */
export async function labFolder(name: string): Promise<string> {
  const folder = join(labsFolder, name)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'owner'), `${process.pid} ${await startTime(process.pid)}\n`)
  return folder
}

/** Ends the processes of a lab, and removes its cgroups and its folder. */
export async function removeLab(name: string): Promise<void> {
  const folder = join(labsFolder, name)
  for (const [pid = '', began, group = ''] of await lines(join(folder, 'processes'))) {
    if (began && (await startTime(Number(pid))) === began) process.kill(Number(pid), 'SIGKILL')
    await removeGroup(group)
  }
  await rm(folder, { recursive: true, force: true })
  await rmdir(labsFolder).catch(() => {})
}

/** Removes labs whose owner ended without doing so. */
export async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(labsFolder).catch(() => [])) {
    if (madeByHand(name)) continue
    const [[pid = '', began] = []] = await lines(join(labsFolder, name, 'owner'))
    if (!began || (await startTime(Number(pid))) !== began) await removeLab(name)
  }
}

async function lines(file: string): Promise<string[][]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text.split('\n').flatMap(line => (line ? [line.split(' ')] : []))
}
