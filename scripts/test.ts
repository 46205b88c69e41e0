/**
 * Runs the tests, tier by tier: `npm test`, or `npm test -- unit api cluster` for some of them. Installs the Debian
 * packages that the cluster tier needs, saying so first, where this is root on Debian; elsewhere those tests say what
 * they miss and are skipped.
 */
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { nodePackages } from '../src/bootstrap/steps/packages.ts'
import { debianPackages } from '../src/host/packages.ts'
import { linuxProcesses } from '../src/host/processes.ts'

const containerPackages = [...nodePackages, 'busybox-static', 'etcd-server', 'etcd-client', 'openssl', 'patch']
const clusterPackages = [...containerPackages, 'chromium', 'curl', 'faketime', 'haproxy', 'procps', 'socat']

const tiers: Readonly<Record<string, { files: string; concurrency: number; packages?: readonly string[] }>> = {
  unit: { files: 'src/**/*.test.ts', concurrency: 2, packages: containerPackages },
  api: { files: 'test/{house,api}/**/*.test.ts', concurrency: 2 },
  // Real containers and networks. Labs do not meet, and most of a test's time is spent waiting.
  cluster: { files: 'test/cluster/**/*.test.ts', concurrency: 2, packages: clusterPackages },
}

const root = new URL('..', import.meta.url).pathname
process.chdir(root)
const asked = process.argv.slice(2)
const unknown = asked.filter(name => !tiers[name])
if (unknown.length) {
  console.error(`there is no tier ${unknown.join(', ')}; choose from ${Object.keys(tiers).join(', ')}`)
  process.exit(2)
}

/** Brings the Debian packages of a tier, where this machine can. */
async function install(names: readonly string[]): Promise<void> {
  const packages = debianPackages(linuxProcesses)
  if (process.getuid?.() !== 0 || !(await packages.supported())) return
  const missing = await packages.missing(names)
  if (missing.length === 0) return
  console.log(`installing the Debian packages ${missing.join(', ')}`)
  await packages.install(missing)
}

/** Machines of the lab pack their images once, into a folder that goes when the tests end, also when they are interrupted. */
const images = mkdtempSync('/var/tmp/kobune-images-')
process.on('exit', () => rmSync(images, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130))

let failed = false
for (const [name, { files, concurrency, packages = [] }] of Object.entries(tiers)) {
  if (asked.length && !asked.includes(name)) continue
  const found = globSync(files, { cwd: root }).sort()
  console.log(`\n== ${name}: ${found.length} files`)
  if (found.length === 0) continue
  await install(packages)
  const { status } = spawnSync(
    process.execPath,
    ['--test', `--test-concurrency=${concurrency}`, '--test-reporter=spec', ...found],
    {
      cwd: root,
      stdio: 'inherit',
      env: {
        ...process.env,
        KOBUNE_LOG_LEVEL: process.env.KOBUNE_LOG_LEVEL ?? 'silent',
        KOBUNE_LAB_IMAGES: images,
      },
    },
  )
  failed ||= status !== 0
}
process.exitCode = failed ? 1 : 0
