import { type DryRun, dryRunHost } from '../../bootstrap/dry-run.ts'
import { type Init, type InitOptions, initContext, initPhases } from '../../bootstrap/init.ts'
import type { Layout } from '../../bootstrap/node-context.ts'
import { linuxHost } from '../../host/host.ts'
import type { Call } from '../command.ts'
import { writeLine } from '../print.ts'
import {
  demandRoot,
  listPhases,
  ownProgram,
  runOnePhase,
  runWorkflow,
  timeLimit,
  workflowConfiguration,
} from './workflow.ts'

const hint = 'kobune init goes on from here when it is given again; kobune reset takes back what it did'

async function prepare(call: Call): Promise<{ readonly context: Init; readonly dry: DryRun | undefined }> {
  const { options } = call
  const loaded = await workflowConfiguration('init', linuxHost, call)
  const dry = loaded.init!.dryRun ? dryRunHost(linuxHost, 'init') : undefined
  const own: InitOptions = {
    host: dry?.host ?? linuxHost,
    init: loaded.init!,
    cluster: loaded.cluster!,
    ...(loaded.kubelet && { kubelet: loaded.kubelet }),
    ...(loaded.kubeProxy && { kubeProxy: loaded.kubeProxy }),
    layout: (options.layout as Layout | undefined) ?? 'static-pods',
    uploadCerts: options.uploadCerts === true,
    ...(options.forKubeadm !== undefined && { forKubeadm: String(options.forKubeadm) }),
    install: options.install !== false,
    program: ownProgram(),
    signal: timeLimit(call),
    say: writeLine,
    ...(typeof options.kubeconfig === 'string' && { kubeconfig: options.kubeconfig }),
    showToken: options.skipTokenPrint !== true,
    showCertificateKey: options.skipCertificateKeyPrint !== true,
  }
  return { context: initContext(own), dry }
}

/** `kobune init` */
export async function init(call: Call): Promise<number> {
  const { context, dry } = await prepare(call)
  if (!context.dryRun) demandRoot('init', context.node.ignorePreflightErrors)
  const skip = context.init.skipPhases ?? []
  await runWorkflow({ command: 'init', phases: initPhases, context, skip, hint })
  await dry?.tell(writeLine)
  return 0
}

/** `kobune init phase NAME` */
export async function initPhase(call: Call): Promise<number> {
  const words = (call.args[0] ?? []) as readonly string[]
  if (words.length === 0) {
    listPhases(initPhases)
    return 0
  }
  const { context, dry } = await prepare(call)
  await runOnePhase({ command: 'init', phases: initPhases, context, hint: 'kobune init phase --help' }, words)
  await dry?.tell(writeLine)
  return 0
}
