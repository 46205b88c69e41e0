import { arch, version as nodeVersion, platform } from 'node:process'
import { kubernetesVersion } from '../../base/version.ts'
import type { PathHandler } from '../core.ts'
import { encodeObject } from '../encode.ts'

const goNames: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }

const { major, minor } = kubernetesVersion

/** The version of the API that is served, and of who serves it. */
export const { gitVersion } = kubernetesVersion

/** /version */
export const versionInfo: PathHandler = ({ path }) => {
  if (path !== '/version' && path !== '/version/') return undefined
  return encodeObject(200, {
    major,
    minor,
    gitVersion,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: `node ${nodeVersion}`,
    compiler: 'v8',
    platform: `${platform}/${goNames[arch] ?? arch}`,
  })
}
