import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { disk } from './disk.ts'
import type { PkiFiles } from './files.ts'
import { type Authority, issue } from './issue.ts'
import { generateKey, type KeyAlgorithm, privateKeyPem } from './keys.ts'
import type { Subject } from './names.ts'

/** A cluster and the credentials for it, as one context `<user>@<cluster>`. */
export interface KubeconfigData {
  /** @default kubernetes */
  readonly clusterName?: string
  /** https://host:port */
  readonly server: string
  /** PEM */
  readonly ca: string
  /** Absent: no context and no user, as in cluster-info. */
  readonly user?: { readonly name: string } & (
    | { readonly certificate: string; readonly key: string }
    | { readonly certificateFile: string; readonly keyFile: string }
    | { readonly token: string }
  )
}

export type KubeconfigName =
  | 'admin.conf'
  | 'super-admin.conf'
  | 'kubelet.conf'
  | 'controller-manager.conf'
  | 'scheduler.conf'

export interface KubeconfigConfig {
  readonly nodeName: string
  /** https://host:port by which all reach the API; for admins and the kubelet. */
  readonly controlPlaneServer: string
  /** https://host:port of this machine's API server; for controller manager and scheduler. */
  readonly localServer: string
  readonly clusterName?: string
  readonly algorithm?: KeyAlgorithm
  /** Milliseconds. @default 8760 h */
  readonly certificateValidity?: number
}

/** kubeadm's kubeconfig files: who each one is, and which address it uses. */
export const kubeconfigs: Readonly<
  Record<
    KubeconfigName,
    { readonly subject: (nodeName: string) => Subject; readonly server: 'controlPlaneServer' | 'localServer' }
  >
> = {
  'admin.conf': {
    subject: () => ({ commonName: 'kubernetes-admin', organizations: ['kubeadm:cluster-admins'] }),
    server: 'controlPlaneServer',
  },
  'super-admin.conf': {
    subject: () => ({ commonName: 'kubernetes-super-admin', organizations: ['system:masters'] }),
    server: 'controlPlaneServer',
  },
  'kubelet.conf': {
    subject: node => ({ commonName: `system:node:${node}`, organizations: ['system:nodes'] }),
    server: 'controlPlaneServer',
  },
  'controller-manager.conf': {
    subject: () => ({ commonName: 'system:kube-controller-manager' }),
    server: 'localServer',
  },
  'scheduler.conf': { subject: () => ({ commonName: 'system:kube-scheduler' }), server: 'localServer' },
}

/** As Kubernetes' programs write it, for scripts that look for `server: https://`; else a JSON string, which is YAML. */
function scalar(value: string): string {
  const plain =
    /^[A-Za-z/]([\w.@/[\]-]|:(?=[\w/:]))*$/.test(value) && !/^(true|false|yes|no|on|off|y|n|null)$/i.test(value)
  return plain ? value : JSON.stringify(value)
}

/** A kubeconfig file's text. */
export function kubeconfigText({ clusterName = 'kubernetes', server, ca, user }: KubeconfigData): string {
  const cluster = [
    'clusters:',
    '- cluster:',
    `    certificate-authority-data: ${base64(ca)}`,
    `    server: ${scalar(server)}`,
    `  name: ${scalar(user ? clusterName : '')}`,
  ]
  if (!user) {
    return lines(
      'apiVersion: v1',
      ...cluster,
      'contexts: null',
      'current-context: ""',
      'kind: Config',
      'preferences: {}',
      'users: null',
    )
  }
  const context = scalar(`${user.name}@${clusterName}`)
  return lines(
    'apiVersion: v1',
    ...cluster,
    'contexts:',
    '- context:',
    `    cluster: ${scalar(clusterName)}`,
    `    user: ${scalar(user.name)}`,
    `  name: ${context}`,
    `current-context: ${context}`,
    'kind: Config',
    'preferences: {}',
    'users:',
    `- name: ${scalar(user.name)}`,
    '  user:',
    ...credentials(user).map(([key, value]) => `    ${key}: ${value}`),
  )
}

/**
 * Makes the kubeconfig files that are missing, each with a new client certificate. An existing one is kept when it trusts
 * the same authority; `otherServer` tells that it points elsewhere than asked.
 */
export async function ensureKubeconfigs(
  dir: string,
  by: Authority,
  config: KubeconfigConfig,
  options: { readonly which?: readonly KubeconfigName[]; readonly files?: PkiFiles; readonly now?: number } = {},
): Promise<{ readonly name: KubeconfigName; readonly did: 'created' | 'kept'; readonly otherServer?: string }[]> {
  const { files = disk, now = Date.now(), which = Object.keys(kubeconfigs) as KubeconfigName[] } = options
  return Promise.all(
    which.map(async name => {
      const path = join(dir, name)
      const server = config[kubeconfigs[name].server]
      const held = await files.read(path)
      if (held !== undefined) {
        const found = checkHeld(path, held, by)
        return { name, did: 'kept' as const, ...(found !== server && { otherServer: found }) }
      }
      await files.write(
        path,
        await clientKubeconfig(by, kubeconfigs[name].subject(config.nodeName), { ...config, server, now }),
        0o600,
      )
      return { name, did: 'created' as const }
    }),
  )
}

/** A kubeconfig with a new client certificate for this subject (`kubeadm kubeconfig user`). */
export async function clientKubeconfig(
  by: Authority,
  subject: Subject,
  options: Pick<KubeconfigConfig, 'clusterName' | 'algorithm' | 'certificateValidity'> & {
    readonly server: string
    readonly now: number
  },
): Promise<string> {
  const { now, certificateValidity = 8760 * 3_600_000, clusterName, server } = options
  const { privateKey, publicKey } = await generateKey(options.algorithm)
  const usages = ['digital signature', 'key encipherment', 'client auth'] as const
  const certificate = issue(
    { subject, publicKey, usages, notBefore: now - 300_000, notAfter: now + certificateValidity },
    by,
  )
  const user = { name: subject.commonName, certificate, key: privateKeyPem(privateKey) }
  return kubeconfigText({ server, ca: by.certificate, user, ...(clusterName && { clusterName }) })
}

function credentials(user: NonNullable<KubeconfigData['user']>): [string, string][] {
  if ('token' in user) return [['token', JSON.stringify(user.token)]]
  if ('certificate' in user) {
    return [
      ['client-certificate-data', base64(user.certificate)],
      ['client-key-data', base64(user.key)],
    ]
  }
  return [
    ['client-certificate', scalar(user.certificateFile)],
    ['client-key', scalar(user.keyFile)],
  ]
}

/** The server of an existing file; throws when it is for another cluster. These files are ours or kubeadm's: one cluster, flat. */
function checkHeld(path: string, held: string, by: Authority): string {
  const field = (name: string) => new RegExp(`^\\s*(?:- )?${name}:\\s*["']?([^"'\\s]+)["']?\\s*$`, 'm').exec(held)?.[1]
  const data = field('certificate-authority-data')
  const server = field('server')
  if (!data || !server)
    throw new Error(`${path} names no server or embeds no certificate authority: remove it to get a new one`)
  if (!new X509Certificate(Buffer.from(data, 'base64')).raw.equals(new X509Certificate(by.certificate).raw)) {
    throw new Error(`${path} trusts another certificate authority than this cluster's: remove it to get a new one`)
  }
  return server
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

function lines(...all: string[]): string {
  return `${all.join('\n')}\n`
}
