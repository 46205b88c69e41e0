import { parseDuration } from '../../base/duration.ts'
import { paths } from '../../bootstrap/paths.ts'
import { preflight } from '../../bootstrap/preflight/up-checks.ts'
import { serviceRuns } from '../../bootstrap/service.ts'
import { checkSettings, decideSettings, type Settings, savedSettings, saveSettings } from '../../bootstrap/settings.ts'
import { processPlaces } from '../../bootstrap/steps/processes.ts'
import { type Up, upSteps } from '../../bootstrap/up.ts'
import { linuxHost } from '../../host/host.ts'
import type { Call } from '../command.ts'
import { printResult } from '../print.ts'
import { progress } from '../progress.ts'
import { UserError } from '../user-error.ts'

/** `kobune up`: looks first, then does, then says what to try. */
export async function up({ options }: Call): Promise<number> {
  const host = linuxHost
  if (process.getuid?.() !== 0) throw new UserError('bringing up a cluster needs root', { hint: 'sudo ./kobune up' })
  const settings = await decideSettings(host, asked(options))
  const saved = await savedSettings(host)
  const wrong = checkSettings(settings, saved)
  if (wrong.length) throw new UserError(wrong.join('\n  '), { hint: 'kobune up --help', exitCode: 2 })
  const timeout = parseDuration(String(options.timeout))
  if (timeout === undefined)
    throw new UserError(`--timeout: ${options.timeout} is no duration such as 90s`, { exitCode: 2 })
  if (options.systemd === true && !(await host.systemd.running()))
    throw new UserError('--systemd: systemd does not run this machine', { hint: 'kobune up' })

  const began = performance.now()
  const show = progress()
  const moved = saved !== undefined && (saved.apiPort !== settings.apiPort || saved.apiAddress !== settings.apiAddress)
  await look(settings, saved)
  await saveSettings(host, settings)
  const work: Up = {
    host,
    settings,
    install: options.install !== false,
    systemd: options.systemd === true,
    moved,
    signal: AbortSignal.timeout(timeout),
    program: [process.execPath, ...process.execArgv, process.argv[1]!],
    say: show.say,
  }
  for (const step of upSteps) {
    if (step.when && !(await step.when(work))) continue
    try {
      await show.step(step.title, note => step.run(work, note))
    } catch (error) {
      await work.client?.transport.close()
      throw failed(step.title, error)
    }
  }
  await work.client?.transport.close()
  const seconds = Number(((performance.now() - began) / 1000).toFixed(1))
  const result = { ready: true, seconds, node: settings.nodeName, kubeconfig: paths.adminConf, context: 'kobune' }
  await printResult(options.output, result, () => welcome(settings, seconds))
  return 0
}

function asked(options: Call['options']): Partial<Settings> {
  const text = (name: string) => options[name] as string | undefined
  return {
    nodeName: text('nodeName'),
    apiAddress: text('apiAddress'),
    apiPort: options.apiPort === undefined ? undefined : Number(options.apiPort),
    podCidr: text('podCidr'),
    serviceCidr: text('serviceCidr'),
    clusterDomain: text('clusterDomain'),
  } as Partial<Settings>
}

async function look(settings: Settings, saved: Settings | undefined): Promise<void> {
  const host = linuxHost
  const { server, agent } = processPlaces
  const running = { server: await serviceRuns(host, server), agent: await serviceRuns(host, agent) }
  // Its own port is the server's already, another one not yet.
  const held = { ...running, server: running.server && saved?.apiPort === settings.apiPort }
  const findings = await preflight(host, settings, held)
  if (findings.length === 0) return
  const lines = findings.map(({ check, message, mend }) => `[${check}] ${message}\n    try: ${mend}`)
  throw new UserError(`this machine is not ready, and nothing was changed:\n  ${lines.join('\n  ')}`)
}

function failed(title: string, cause: unknown): UserError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new UserError(`${title}: ${message}`, {
    cause,
    hint: 'kobune status shows what runs; kobune up goes on from here; kobune down --purge takes everything back',
  })
}

function welcome({ nodeName }: Settings, seconds: number): string {
  return [
    '',
    `Your cluster is up (${seconds} s): node ${nodeName} is Ready, and the context "kobune" is in your kubeconfig.`,
    '',
    'Try next:',
    '  kubectl get nodes -o wide',
    '  kubectl get pods -A',
    '  kobune status',
  ].join('\n')
}
