import { arch, version as nodeVersion, platform } from 'node:process'
import type { PathHandler } from '../core.ts'
import { encodeObject } from '../encode.ts'

const goNames: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }

/** The version of the API that is served. */
export const gitVersion = 'v1.36.0+kobune'

/** /version */
export const versionInfo: PathHandler = ({ path }) => {
  if (path !== '/version' && path !== '/version/') return undefined
  return encodeObject(200, {
    major: '1',
    minor: '36',
    gitVersion,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: `node ${nodeVersion}`,
    compiler: 'v8',
    platform: `${platform}/${goNames[arch] ?? arch}`,
  })
}
