import { createInterface } from 'node:readline/promises'
import { downSteps, notOfUp, purgeSteps } from '../../bootstrap/down.ts'
import { linuxHost } from '../../host/host.ts'
import type { Call } from '../command.ts'
import { progress } from '../progress.ts'
import { UserError } from '../user-error.ts'

/** `kobune down [--purge]` */
export async function down({ options }: Call): Promise<number> {
  if (process.getuid?.() !== 0) throw new UserError('taking down a cluster needs root', { hint: 'sudo ./kobune down' })
  const unfit = await notOfUp(linuxHost)
  if (unfit) {
    throw new UserError(unfit, {
      hint: options.purge ? 'kobune reset' : 'kobune nodes stop, or kobune reset to remove it',
    })
  }
  if (options.purge && !options.yes && !(await confirmed())) return 1
  const show = progress()
  for (const step of options.purge ? purgeSteps : downSteps) {
    await show.step(step.title, () => step.run(linuxHost))
  }
  return 0
}

async function confirmed(): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new UserError('--purge removes all data of the cluster; say --yes to do that without a question', {
      exitCode: 2,
    })
  }
  const ask = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await ask.question('This removes the cluster with all its data. Go on? [y/N] ')
  ask.close()
  return /^y(es)?$/i.test(answer.trim())
}
