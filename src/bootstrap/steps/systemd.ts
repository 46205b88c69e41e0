/** The cluster as systemd units, for who wants it back after a reboot. */
import type { Host } from '../../host/host.ts'
import { paths } from '../paths.ts'
import type { Up } from '../up.ts'
import { processCommand } from './processes.ts'

const units = ['kobune-containerd.service', 'kobune-server.service', 'kobune-agent.service'] as const

/** What a unit of ours differs in. */
export interface Unit {
  readonly description: string
  readonly after: string
  readonly command: string
  /** containerd's pods live on when it is restarted. */
  readonly more?: string
}

/** The text of a unit. */
export function unitText({ description, after, command, more = '' }: Unit): string {
  return `[Unit]
Description=${description}
After=network-online.target ${after}
Wants=network-online.target

[Service]
ExecStart=${command}
Restart=always
RestartSec=1
KillMode=process
Environment=MALLOC_ARENA_MAX=2 NODE_COMPILE_CACHE=${process.env.NODE_COMPILE_CACHE ?? ''}
Delegate=yes
LimitNOFILE=1048576
${more}
[Install]
WantedBy=multi-user.target
`
}

/** A word of a unit's command line: systemd reads quotes, and % as its own. */
export const word = (part: string) =>
  `"${part
    .replace(/(["\\])/g, '\\$1')
    .replaceAll('%', '%%')
    .replaceAll('$', '$$$$')}"`

/** Writes and enables the units. They take over what runs now at the next boot, or when it ends. */
export async function systemdUnits(up: Up): Promise<void> {
  const { systemd } = up.host
  if (!(await systemd.running())) throw new Error('--systemd: systemd does not run this machine')
  const own = (kind: 'server' | 'agent') => {
    const { command, args } = processCommand(up, kind)
    return [command, ...args].map(word).join(' ')
  }
  const containerd = (await up.host.processes.find('containerd')) ?? 'containerd'
  const texts: Readonly<Record<(typeof units)[number], string>> = {
    'kobune-containerd.service': unitText({
      description: 'containerd of Kobune',
      after: '',
      command: [containerd, '--config', `${paths.state}/containerd.toml`].map(word).join(' '),
    }),
    'kobune-server.service': unitText({ description: 'Kobune server', after: '', command: own('server') }),
    'kobune-agent.service': unitText({
      description: 'Kobune node agent',
      after: 'kobune-containerd.service kobune-server.service',
      command: own('agent'),
    }),
  }
  for (const name of units) {
    await systemd.writeUnit(name, texts[name])
    await systemd.enable(name)
  }
}

/** Stops and removes the units, where there are any. */
export async function removeUnits(host: Host): Promise<void> {
  if (!(await host.systemd.running())) return
  for (const name of units) {
    if (!(await host.files.exists(`/etc/systemd/system/${name}`))) continue
    await host.systemd.stop(name)
    await host.systemd.removeUnit(name)
  }
}
