/** What one machine does for each step of a rotation. Each may be done again, whenever it was cut off. */
import { join } from 'node:path'
import type { Client } from '../../client/client.ts'
import type { Host } from '../../host/host.ts'
import type { PkiFiles } from '../../pki/files.ts'
import { renewedCertificates, shownAuthority } from '../certs/certificate-table.ts'
import { type RenewOptions, renewCertificate } from '../certs/renew.ts'
import { writeKubeconfig } from '../certs/write-kubeconfig.ts'
import { writePair } from '../certs/write-pair.ts'
import { baseOf, hasBlock, keyFile, publicFile, withBlock, withoutBlock } from './authorities.ts'
import { changeAuthorities } from './kubeconfig-authority.ts'
import { restartEtcd } from './restart-etcd.ts'
import { type Rotation, rotationSecrets } from './state.ts'
import type { RotationName, StepName } from './steps.ts'

export interface RotatingMachine {
  readonly host: Host
  readonly files: PkiFiles
  /** Of certificates, /etc/kubernetes/pki. */
  readonly dir: string
  readonly kubernetesDir: string
  readonly nodeName: string
  readonly now: () => number
  readonly signal: AbortSignal
  /** With all rights; asked for on machines of the control plane only. */
  admin(): Promise<Client>
  /** How long certificates live, milliseconds; undefined: a year. */
  validity(): Promise<number | undefined>
  /** Resolves when no certificate of the kubelet is signed by this authority (PEM). */
  replaceKubeletCertificates(former: string): Promise<void>
  /** Gives pods new tokens. */
  renewTokens(): Promise<void>
}

type Work = (machine: RotatingMachine, rotation: Rotation, index: number) => Promise<void>

const staged = ({ dir }: RotatingMachine, name: RotationName) => join(dir, 'rotation', keyFile(name).replace('/', '-'))
const isControlPlane = async ({ files, dir }: RotatingMachine) =>
  (await files.read(join(dir, keyFile('sa')))) !== undefined

/** Brings this machine to where a step ends. */
export async function applyStep(machine: RotatingMachine, rotation: Rotation, index: number): Promise<void> {
  await steps[rotation.steps[index]!.name](machine, rotation, index)
}

const steps: Readonly<Record<StepName, Work>> = {
  async trust(machine, rotation) {
    if (await isControlPlane(machine)) await stageKeys(machine, rotation)
    await changeTrust(machine, rotation, (bundle, { next }) => withBlock(bundle, next, 'last'))
  },

  async issue(machine, rotation) {
    if (!(await isControlPlane(machine))) return
    const { files, dir } = machine
    const renewing = await renewOptions(machine)
    for (const name of rotation.which) {
      const [key, held] = await Promise.all([
        files.read(staged(machine, name)),
        files.read(join(dir, publicFile(name))),
      ])
      if (key === undefined)
        throw new Error(`${staged(machine, name)} is not there: the step "trust" was not done here`)
      const bundle = withBlock(held ?? '', rotation.authorities[name]!.next, 'first')
      if (name === 'sa') {
        await files.write(join(dir, publicFile(name)), bundle, 0o600)
        await files.write(join(dir, keyFile(name)), key, 0o600)
        continue
      }
      await writePair(files, join(dir, baseOf(name)), { certificate: bundle, key })
      for (const entry of renewedCertificates) {
        // Copies of kubeconfigs that only know the old authority go on until the step "serve".
        if (shownAuthority(entry.authority) === name && entry.name !== 'apiserver')
          await renewCertificate(entry.name, renewing)
      }
    }
  },

  async nodes(machine, { which, authorities }) {
    if (which.includes('ca')) await machine.replaceKubeletCertificates(authorities.ca!.former)
    if (which.includes('sa')) await machine.renewTokens()
  },

  async serve(machine) {
    if (await isControlPlane(machine)) await renewCertificate('apiserver', await renewOptions(machine))
  },

  async drop(machine, rotation) {
    await changeTrust(machine, rotation, (bundle, { former, next }) =>
      hasBlock(bundle, next) ? withoutBlock(bundle, former) : bundle,
    )
    await machine.host.files.remove(join(machine.dir, 'rotation'))
  },

  async 'restart-etcd'({ host, dir, nodeName, signal }, { id, steps }, index) {
    const own = steps[index]!.node === nodeName
    await restartEtcd(host, { dir, signal, ...(own && { mark: `${id}-${index}` }) })
  },
}

async function renewOptions({ files, dir, kubernetesDir, now, validity }: RotatingMachine): Promise<RenewOptions> {
  const period = await validity()
  return { files, dir, kubernetesDir, now: now(), ...(period !== undefined && { validity: period }) }
}

/** The new keys come to the disk while the key that opens them is still there. */
async function stageKeys(machine: RotatingMachine, rotation: Rotation): Promise<void> {
  const { files, dir } = machine
  const names = rotation.which
  const there = await Promise.all(names.map(name => files.read(staged(machine, name))))
  if (there.every(key => key !== undefined)) return
  const saKey = await files.read(join(dir, keyFile('sa')))
  const client = await machine.admin()
  const keys = await rotationSecrets(client, rotation, saKey!).finally(() => client.transport.close())
  await machine.host.files.makeDirectory(join(dir, 'rotation'), { mode: 0o700 })
  for (const [name, key] of keys) await files.write(staged(machine, name), key, 0o600)
}

type Change = (bundle: string, of: { readonly former: string; readonly next: string }) => string

/** Changes whom the files of this machine trust: bundles, and what kubeconfigs embed. */
async function changeTrust(machine: RotatingMachine, { which, authorities }: Rotation, change: Change): Promise<void> {
  const { files, dir, kubernetesDir, host } = machine
  for (const name of which) {
    const file = join(dir, publicFile(name))
    const held = await files.read(file)
    const changed = held && change(held, authorities[name]!)
    if (changed && changed !== held) await files.write(file, changed, name === 'sa' ? 0o600 : 0o644)
  }
  if (!which.includes('ca')) return
  for (const entry of await host.files.list(kubernetesDir)) {
    if (!/^[^.].*\.conf$/.test(entry)) continue
    const file = join(kubernetesDir, entry)
    const held = await files.read(file)
    const changed = held && changeAuthorities(held, file, bundle => change(bundle, authorities.ca!))
    if (changed && changed !== held) await writeKubeconfig(files, file, changed)
  }
}
