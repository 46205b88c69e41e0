import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { chromium } from 'playwright-core'
import type { Machine } from '../lab/machine.ts'

/** The browser of Debian's package. */
const program = '/usr/bin/chromium'
const quietly = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A headless browser that runs on a machine of the lab, and is steered from here. */
export async function browserOn(machine: Machine, folder: string): Promise<Browser> {
  const executablePath = join(folder, 'browser.sh')
  const door = machine.door.map(word => `'${word}'`).join(' ')
  await writeFile(executablePath, `#!/bin/sh\nexec ${door} ${program} "$@"\n`)
  await chmod(executablePath, 0o755)
  return chromium.launch({ executablePath, args: quietly, env: { PATH: process.env.PATH ?? '', HOME: '/root' } })
}
