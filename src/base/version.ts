/** Kobune's own version; package.json has the same, and a test holds them together. */
export const version = '0.1.0'

/** The Kubernetes whose API is served. */
export const kubernetesVersion = { major: '1', minor: '36', gitVersion: `v1.36.0+kobune-${version}` } as const
