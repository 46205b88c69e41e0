/** containerd's configuration file: version 2 for 1.6 and 1.7, version 3 for 2.x. */

export interface ContainerdVersion {
  readonly major: number
  readonly minor: number
  readonly text: string
}

export interface ContainerdConfigOptions {
  /** Images and snapshots; must not be on an overlay. */
  readonly root: string
  readonly state: string
  readonly socket: string
  readonly sandboxImage: string
  readonly cniBinDirs: readonly string[]
  readonly cniConfDir: string
  /** Absolute: what PATH finds may be another runtime's. */
  readonly runc: string
  /** Needed without CAP_SYS_RESOURCE: else every sandbox fails at writing a negative oom_score_adj. */
  readonly restrictOomScoreAdj: boolean
  readonly snapshotter?: string
  readonly systemdCgroup?: boolean
  /** Folder with a `hosts.toml` per registry. */
  readonly registryConfigDir?: string
  readonly logLevel?: string
}

type TomlValue = string | number | boolean | readonly string[]
type Table = readonly [path: readonly string[], values: Readonly<Record<string, TomlValue>>]

const unused = [
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.blockfile',
  'io.containerd.internal.v1.tracing',
  'io.containerd.tracing.processor.v1.otlp',
  'io.containerd.nri.v1.nri',
]

/** The text of config.toml for a version of containerd. */
export function containerdConfig(options: ContainerdConfigOptions, version: ContainerdVersion): string {
  const plugins = version.major >= 2 ? pluginsOfVersion3(options) : pluginsOfVersion2(options)
  const top = {
    version: version.major >= 2 ? 3 : 2,
    root: options.root,
    state: options.state,
    disabled_plugins: unused,
  }
  return toml([
    [[], top],
    [['grpc'], { address: options.socket }],
    [['debug'], { level: options.logLevel ?? 'info' }],
    [['plugins', 'io.containerd.internal.v1.opt'], { path: `${options.root}/opt` }],
    ...plugins,
  ])
}

const stream = { stream_server_address: '127.0.0.1', stream_server_port: '0' }

function pluginsOfVersion2(o: ContainerdConfigOptions): readonly Table[] {
  const cri = ['plugins', 'io.containerd.grpc.v1.cri']
  const settings = {
    sandbox_image: o.sandboxImage,
    restrict_oom_score_adj: o.restrictOomScoreAdj,
    netns_mounts_under_state_dir: true,
    ...stream,
  }
  return [
    [cri, settings],
    [[...cri, 'cni'], { bin_dir: o.cniBinDirs[0] ?? '/opt/cni/bin', conf_dir: o.cniConfDir }],
    [[...cri, 'registry'], { config_path: registryDir(o) }],
    [[...cri, 'containerd'], { snapshotter: snapshotter(o), default_runtime_name: 'runc' }],
    ...runcTables([...cri, 'containerd'], o),
  ]
}

function pluginsOfVersion3(o: ContainerdConfigOptions): readonly Table[] {
  const images = ['plugins', 'io.containerd.cri.v1.images']
  const runtime = ['plugins', 'io.containerd.cri.v1.runtime']
  const settings = { restrict_oom_score_adj: o.restrictOomScoreAdj, netns_mounts_under_state_dir: true }
  return [
    [images, { snapshotter: snapshotter(o) }],
    [[...images, 'pinned_images'], { sandbox: o.sandboxImage }],
    [[...images, 'registry'], { config_path: registryDir(o) }],
    [runtime, settings],
    [[...runtime, 'cni'], { bin_dirs: o.cniBinDirs, conf_dir: o.cniConfDir }],
    [[...runtime, 'containerd'], { default_runtime_name: 'runc' }],
    ...runcTables([...runtime, 'containerd'], o),
    [['plugins', 'io.containerd.grpc.v1.cri'], stream],
  ]
}

function runcTables(containerd: readonly string[], o: ContainerdConfigOptions): readonly Table[] {
  const runc = [...containerd, 'runtimes', 'runc']
  // Root: without it runc's state stands in /run/containerd/runc, together with other containerds'.
  const options = { BinaryName: o.runc, Root: `${o.state}/runc`, SystemdCgroup: o.systemdCgroup ?? false }
  return [
    [runc, { runtime_type: 'io.containerd.runc.v2' }],
    [[...runc, 'options'], options],
  ]
}

function snapshotter(o: ContainerdConfigOptions): string {
  return o.snapshotter ?? 'overlayfs'
}

function registryDir(o: ContainerdConfigOptions): string {
  return o.registryConfigDir ?? '/etc/containerd/certs.d'
}

function toml(tables: readonly Table[]): string {
  const blocks = tables.map(([path, values]) => {
    const lines = Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
    const title = path.map(part => (/^[a-z0-9_-]+$/i.test(part) ? part : JSON.stringify(part))).join('.')
    return `${[...(title ? [`[${title}]`] : []), ...lines].join('\n')}\n`
  })
  return blocks.join('\n')
}
