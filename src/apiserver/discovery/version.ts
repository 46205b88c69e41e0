import { kubernetesVersion } from '../../base/version.ts'
import { versionInfo as ofThis } from '../../base/version-info.ts'
import type { PathHandler } from '../core.ts'
import { encodeObject } from '../encode.ts'

/** The version of the API that is served, and of who serves it. */
export const { gitVersion } = kubernetesVersion

/** /version */
export const versionInfo: PathHandler = ({ path }) => {
  if (path !== '/version' && path !== '/version/') return undefined
  return encodeObject(200, ofThis)
}
