import { FlagError } from '../base/flags.ts'
import type { ApiserverFlags } from './kube-apiserver.ts'

/** What flags must say together; what was optional text is there after it. */
export interface CheckedFlags {
  readonly tlsCertFile: string
  readonly tlsKeyFile: string
  readonly tlsMinVersion: 'TLSv1.2' | 'TLSv1.3'
  readonly clientCaFile: string
  readonly signingKeyFile: string
  readonly nodePorts: readonly [number, number]
}

/** Throws FlagError for what cannot work, before anything has begun. */
export function checkApiserverFlags(flags: ApiserverFlags): CheckedFlags {
  const needed = (name: keyof ApiserverFlags & string): string => {
    const value = flags[name]
    if (typeof value !== 'string' || value === '') throw new FlagError(`--${name} is needed`)
    return value
  }
  const unsupported = flags['authorization-mode'].filter(mode => mode !== 'Node' && mode !== 'RBAC')
  if (unsupported.length > 0 || !flags['authorization-mode'].includes('RBAC')) {
    throw new FlagError(`--authorization-mode=${flags['authorization-mode'].join(',')}: only Node,RBAC can be had`)
  }
  if (flags['etcd-prefix'] !== '/registry') {
    throw new FlagError(`--etcd-prefix=${flags['etcd-prefix']}: only /registry can be had`)
  }
  if (flags['service-account-issuer'].length === 0) throw new FlagError('--service-account-issuer is needed')
  if (flags['service-account-key-file'].length === 0) throw new FlagError('--service-account-key-file is needed')
  if (!['lease', 'none'].includes(flags['endpoint-reconciler-type'])) {
    throw new FlagError(`--endpoint-reconciler-type=${flags['endpoint-reconciler-type']}: it is lease or none`)
  }
  return {
    tlsCertFile: needed('tls-cert-file'),
    tlsKeyFile: needed('tls-private-key-file'),
    tlsMinVersion: tlsMinVersion(flags['tls-min-version']),
    clientCaFile: needed('client-ca-file'),
    signingKeyFile: needed('service-account-signing-key-file'),
    nodePorts: portRange(flags['service-node-port-range']),
  }
}

/** Node's name for what upstream calls VersionTLS12. */
export function tlsMinVersion(name: string): 'TLSv1.2' | 'TLSv1.3' {
  if (name === 'VersionTLS12') return 'TLSv1.2'
  if (name === 'VersionTLS13') return 'TLSv1.3'
  throw new FlagError(`--tls-min-version=${name}: it is VersionTLS12 or VersionTLS13`)
}

function portRange(text: string): readonly [number, number] {
  const [, first, last] = /^(\d+)-(\d+)$/.exec(text) ?? []
  const range = [Number(first), Number(last)] as const
  if (!(range[0] > 0 && range[0] < range[1] && range[1] < 65_536)) {
    throw new FlagError(`--service-node-port-range=${text}: it is two ports such as 30000-32767`)
  }
  return range
}
