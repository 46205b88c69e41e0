import { arch, version as nodeVersion, platform } from 'node:process'
import { kubernetesVersion } from './version.ts'

const goNames: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }

/** What a program says it is, as Kubernetes' programs do: at /version, and by `kobune version`. */
export const versionInfo = {
  ...kubernetesVersion,
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: `node ${nodeVersion}`,
  compiler: 'v8',
  platform: `${platform}/${goNames[arch] ?? arch}`,
} as const
