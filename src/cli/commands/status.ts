import { readJournal } from '../../bootstrap/journal.ts'
import { savedSettings } from '../../bootstrap/settings.ts'
import { clusterStatus, nodeStatusOf } from '../../bootstrap/status.ts'
import { linuxHost } from '../../host/host.ts'
import type { Call } from '../command.ts'
import { columns, printResult } from '../print.ts'
import { UserError } from '../user-error.ts'

/** `kobune status`: exit code 0 when every component is well, 1 when one is not. */
export async function status({ options }: Call): Promise<number> {
  const settings = await savedSettings(linuxHost).catch(cause => {
    throw new UserError('the cluster of this machine can be looked at by root only', {
      hint: 'sudo ./kobune status',
      cause,
    })
  })
  const journal = await readJournal(linuxHost)
  if (!settings && !journal) {
    throw new UserError('there is no cluster on this machine', { hint: 'kobune up, kobune init, or kobune join' })
  }
  const components = settings ? await clusterStatus(linuxHost, settings) : await nodeStatusOf(linuxHost, journal!)
  await printResult(options.output, components, all => {
    const rows = all.map(({ component, healthy, says }) => [healthy ? '✓' : '✗', component, says])
    const hints = all.flatMap(({ component, hint }) => (hint ? [`${component}: try ${hint}`] : []))
    return [columns(rows), ...hints].join('\n')
  })
  return components.every(component => component.healthy) ? 0 : 1
}
