/** The texts of systemd units. */

/** What a unit of ours differs in. */
export interface Unit {
  readonly description: string
  readonly after: string
  readonly command: string
  /** Further lines of its section Service. */
  readonly more?: string
}

/** The text of a unit. */
export function unitText({ description, after, command, more = '' }: Unit): string {
  return `[Unit]
Description=${description}
After=${['network-online.target', after].filter(Boolean).join(' ')}
Wants=network-online.target
# What it needs may be away for longer than systemd has patience.
StartLimitIntervalSec=0

[Service]
ExecStart=${command}
Restart=always
RestartSec=1
# Containers and their shims live on when it is restarted.
KillMode=process
TimeoutStopSec=30
Delegate=yes
Environment=MALLOC_ARENA_MAX=2 NODE_COMPILE_CACHE=${process.env.NODE_COMPILE_CACHE ?? ''}
LimitNOFILE=1048576
TasksMax=infinity
OOMScoreAdjust=-999
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
