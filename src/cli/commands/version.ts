import { versionInfo } from '../../base/version-info.ts'
import type { Call } from '../command.ts'
import { printResult, writeLine } from '../print.ts'

/** `kobune version` */
export async function version({ options: { output } }: Call): Promise<number> {
  if (output === 'short') writeLine(versionInfo.gitVersion)
  else await printResult(output, { clientVersion: versionInfo }, ({ clientVersion }) => line(clientVersion))
  return 0
}

/** In the form that scripts have always cut the version out of. */
function line(info: typeof versionInfo): string {
  const fields = Object.entries(info).map(([name, value]) => `${name[0]!.toUpperCase()}${name.slice(1)}:"${value}"`)
  return `kubeadm version: &version.Info{${fields.join(', ')}}`
}
