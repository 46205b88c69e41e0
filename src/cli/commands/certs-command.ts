import { renewableCertificates } from '../../bootstrap/certs/certificate-table.ts'
import { rotationNames } from '../../bootstrap/rotation/steps.ts'
import { machineCertificates, unlessDryRun } from '../alone.ts'
import type { Command, Option } from '../command.ts'
import { output } from '../command.ts'

const certDir: Option = {
  flags: '--cert-dir <folder>',
  does: 'folder of certificates and keys; default: as configured, else /etc/kubernetes/pki',
}
const folders: readonly Option[] = [
  certDir,
  { flags: '--kubeconfig-dir <folder>', does: 'folder of kubeconfig files', default: '/etc/kubernetes' },
]
const configured: readonly Option[] = [
  { flags: '--config <file>', does: 'configuration file; default: what the cluster stores' },
  { flags: '--kubeconfig <file>', does: 'how to reach the cluster', default: '/etc/kubernetes/admin.conf' },
]
const passphrase: Option = { flags: '--passphrase-file <file>', does: 'its first line; default: ask' }

/** `kobune certs` */
export const certsCommand: Command = {
  name: 'certs',
  does: 'Certificates of this machine: look at them, renew them, carry them to others',
  commands: [
    {
      name: 'check-expiration',
      does: 'Show when each certificate expires',
      options: [...folders, ...configured, output],
      run: async call => (await import('./certs.ts')).checkExpiration(call),
    },
    {
      name: 'renew',
      does: 'Renew a certificate, or all of them',
      arguments: [{ name: 'name', does: 'which', choices: ['all', ...renewableCertificates.map(({ name }) => name)] }],
      options: [...folders, ...configured],
      examples: [['kobune certs renew all', 'On each machine of the control plane']],
      alone: machineCertificates,
      run: async call => (await import('./certs.ts')).renew(call),
    },
    {
      name: 'rotate-ca',
      does: 'Replace authorities by new ones, step by step, while the cluster works; run it again to go on',
      arguments: [{ name: 'which', does: 'which ones', variadic: true, choices: ['all', ...rotationNames] }],
      options: [
        { flags: '--dry-run', does: 'print the plan, or how far it is' },
        { flags: '--settle <duration>', does: 'what programs get to read what has changed', default: '90s' },
        { flags: '--timeout <duration>', does: 'how long nodes may take for a step', default: '10m' },
        configured[1]!,
      ],
      examples: [
        ['kobune certs rotate-ca all --dry-run', 'What would be done, and what ends with it'],
        ['kobune certs rotate-ca ca', 'On one machine of the control plane; the others follow'],
      ],
      alone: unlessDryRun,
      run: async call => (await import('./rotate-ca.ts')).rotateCa(call),
    },
    {
      name: 'certificate-key',
      does: 'Print a new key for `init --upload-certs --certificate-key`',
      run: async () => (await import('./certs.ts')).certificateKey(),
    },
    {
      name: 'generate-csr',
      does: 'Make keys and certificate requests, for an authority that is kept elsewhere',
      options: [...folders, ...configured],
      examples: [
        ['kobune certs generate-csr --cert-dir ./pki --kubeconfig-dir .', 'Take the .csr files to the authority'],
      ],
      run: async call => (await import('./certs.ts')).generateCsr(call),
    },
    {
      name: 'export',
      does: 'Put the files that all control plane machines share into one locked file',
      arguments: [{ name: 'file', does: 'file to write' }],
      options: [certDir, passphrase, { flags: '--force', does: 'replace the file if it is there' }],
      examples: [['kobune certs export shared.certs', 'Then copy it, and import it on the other machine']],
      run: async call => (await import('./carry-certs.ts')).exportCerts(call),
    },
    {
      name: 'import',
      does: 'Bring the shared files to a machine that will join the control plane',
      arguments: [{ name: 'file', does: 'file of `certs export`' }],
      options: [certDir, passphrase, { flags: '--force', does: 'replace files that differ' }],
      examples: [['kobune certs import shared.certs', 'Before `kobune join --control-plane`']],
      alone: machineCertificates,
      run: async call => (await import('./carry-certs.ts')).importCerts(call),
    },
  ],
}

/** `kobune kubeconfig` */
export const kubeconfigCommand: Command = {
  name: 'kubeconfig',
  does: 'Kubeconfig files for people and programs',
  commands: [
    {
      name: 'user',
      does: 'Print a kubeconfig for somebody; RBAC says what they may do',
      options: [
        { flags: '--client-name <name>', does: 'user name' },
        { flags: '--org <name>', does: 'group of the user', many: true },
        { flags: '--token <token>', does: 'use this token rather than a certificate' },
        { flags: '--validity-period <duration>', does: 'how long the certificate is valid (8760h)' },
        certDir,
        ...configured,
      ],
      examples: [['kobune kubeconfig user --client-name ada --org devs > ada.conf', 'A certificate in it, for a year']],
      run: async call => (await import('./certs.ts')).userKubeconfig(call),
    },
  ],
}
