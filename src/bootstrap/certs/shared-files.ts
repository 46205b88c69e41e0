import type { ExternalEtcd } from '../config/types.ts'

/** A file that all machines of the control plane have in common. */
export interface SharedFile {
  /** Relative to the folder of certificates; absolute for files of an external etcd. */
  readonly path: string
  /** Its key in the Secret of uploaded certificates. */
  readonly key: string
  readonly mode: 0o600 | 0o644
}

const own = ['ca', 'front-proxy-ca'] as const

function file(path: string, key = path.replaceAll('/', '-')): SharedFile {
  return { path, key, mode: /\.(key|pub)$/.test(path) || key.endsWith('.key') ? 0o600 : 0o644 }
}

/** The authorities, the keys of service accounts, and what etcd needs: all but the leaf certificates, which name a host. */
export function sharedFiles(externalEtcd?: ExternalEtcd): readonly SharedFile[] {
  const etcd = externalEtcd
    ? [
        ...(externalEtcd.caFile ? [file(externalEtcd.caFile, 'external-etcd-ca.crt')] : []),
        ...(externalEtcd.certFile ? [file(externalEtcd.certFile, 'external-etcd.crt')] : []),
        ...(externalEtcd.keyFile ? [file(externalEtcd.keyFile, 'external-etcd.key')] : []),
      ]
    : [file('etcd/ca.crt'), file('etcd/ca.key')]
  return [...own.flatMap(name => [file(`${name}.crt`), file(`${name}.key`)]), file('sa.key'), file('sa.pub'), ...etcd]
}
