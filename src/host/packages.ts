/** Debian packages: which are missing, and installing them. */
import { HostError } from './host-error.ts'
import type { Processes } from './processes.ts'

export interface PackageProgress {
  /** 0 to 100. */
  readonly percent: number
  readonly message: string
}

export interface Packages {
  /** Whether this machine has apt and dpkg. */
  supported(): Promise<boolean>
  missing(names: readonly string[]): Promise<readonly string[]>
  /** Downloads and installs without asking; configuration files that an administrator changed stay. */
  install(names: readonly string[], onProgress?: (progress: PackageProgress) => void): Promise<void>
}

/** Its /usr/bin/kubectl clashes with other packages' and leaves a whole apt run unconfigured. */
const refused: ReadonlySet<string> = new Set(['kubernetes-client'])

const quiet = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' }
const installTimeout = 15 * 60_000

/** The packages of this machine. */
export function debianPackages(processes: Processes): Packages {
  const packages: Packages = {
    supported: async () => !!(await processes.find('apt-get')) && !!(await processes.find('dpkg-query')),
    missing: async names => {
      const format = ['-W', `-f=\${Package} \${db:Status-Status}\n`]
      const { stdout } = await processes.run('dpkg-query', [...format, ...names], { okCodes: [1], env: quiet })
      const installed = new Set(
        stdout.split('\n').flatMap(line => (line.endsWith(' installed') ? [line.split(' ')[0]] : [])),
      )
      return names.filter(name => !installed.has(name))
    },
    install: async (names, onProgress = () => {}) => {
      const bad = names.find(name => refused.has(name) || !/^[a-z0-9][a-z0-9+.-]*(=\S+)?$/.test(name))
      if (bad)
        throw new HostError({ verb: 'install', target: bad, code: 'refused', message: 'not a package we install' })
      if (names.length === 0) return
      const run = (args: readonly string[], onLine?: (line: string) => void) =>
        processes.run('apt-get', args, { env: quiet, timeout: installTimeout, ...(onLine ? { onLine } : {}) })
      onProgress({ percent: 0, message: 'reading package lists' })
      await run(['update', '-q', '-o', 'Acquire::Retries=3'])
      const options = ['-q', '-y', '--no-install-recommends', '-o', 'Dpkg::Options::=--force-confold']
      await run(['install', ...options, '-o', 'APT::Status-Fd=1', '-o', 'DPkg::Lock::Timeout=120', ...names], line => {
        const progress = parseProgress(line)
        if (progress) onProgress(progress)
      })
      onProgress({ percent: 100, message: 'installed' })
    },
  }
  return packages
}

/** Reads one line of apt's status: `pmstatus:PACKAGE:PERCENT:TEXT` or `dlstatus:N:PERCENT:TEXT`. */
export function parseProgress(line: string): PackageProgress | undefined {
  const match = /^(dl|pm)status:[^:]*(?::[a-z0-9]+)?:([0-9.]+):(.*)$/.exec(line)
  if (!match) return undefined
  // Downloading and unpacking each count from 0 to 100.
  const half = Number(match[2]) / 2
  return { percent: Math.round(match[1] === 'dl' ? half : 50 + half), message: match[3]! }
}
