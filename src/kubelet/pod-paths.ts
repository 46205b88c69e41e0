/** Where the kubelet keeps things of a pod on the machine: upstream's layout. */
export interface PodPaths {
  readonly pods: string
  pod(uid: string): string
  volume(uid: string, plugin: string, name: string): string
  subPath(uid: string, volume: string, container: string, index: number): string
  container(uid: string, name: string): string
  hostsFile(uid: string): string
  logs(pod: { readonly uid: string; readonly name: string; readonly namespace: string }): string
}

/** Paths below the kubelet's folder and the folder of logs. */
export function podPaths(options: { readonly rootDir: string; readonly podLogsDir: string }): PodPaths {
  const pods = `${options.rootDir}/pods`
  const pod = (uid: string) => `${pods}/${uid}`
  return {
    pods,
    pod,
    volume: (uid, plugin, name) => `${pod(uid)}/volumes/kubernetes.io~${plugin}/${name}`,
    subPath: (uid, volume, container, index) => `${pod(uid)}/volume-subpaths/${volume}/${container}/${index}`,
    container: (uid, name) => `${pod(uid)}/containers/${name}`,
    hostsFile: uid => `${pod(uid)}/etc-hosts`,
    logs: ({ namespace, name, uid }) => `${options.podLogsDir}/${namespace}_${name}_${uid}`,
  }
}
