/**
 * Renews the certificates of a control plane machine while it runs: each in the last third of its life, as it is. Who
 * uses them reads them again by itself. Those whose authority is kept elsewhere are not touched; their end is announced.
 */
import { join } from 'node:path'
import { type Clock, delay } from '../../base/clock.ts'
import { logger } from '../../base/log.ts'
import { disk } from '../../pki/disk.ts'
import type { PkiFiles } from '../../pki/files.ts'
import { readCertificate } from '../../pki/read-certificate.ts'
import {
  type CertificateFolders,
  certificateFile,
  type RenewableCertificate,
  renewedCertificates,
  shownAuthority,
} from './certificate-table.ts'
import { certificateIn } from './expiration.ts'
import { renewCertificate } from './renew.ts'
import { mendKubeconfigs } from './write-kubeconfig.ts'
import { mendPair } from './write-pair.ts'

interface Life {
  readonly notBefore: number
  readonly notAfter: number
}

/** Something that people should know of. */
export interface CertificateNews {
  readonly type: 'Normal' | 'Warning'
  readonly reason: 'CertificateRenewed' | 'CertificateExpiring'
  readonly message: string
}

export interface KeepRenewedOptions extends CertificateFolders {
  readonly clock: Clock
  readonly files?: PkiFiles
  /** How long certificates of this cluster live, milliseconds; undefined when that cannot be asked: as long as the one before. */
  readonly validity?: () => Promise<number | undefined>
  readonly tell: (news: CertificateNews) => void
  /** 0 to 1: how much earlier than others this machine is. @default random */
  readonly random?: () => number
  /** Certificates that others renew: their end is announced when they do not. */
  readonly others?: () => Promise<readonly (Life & { readonly name: string; readonly hint: string })[]>
}

export interface RenewedCertificate {
  readonly name: string
  /** Milliseconds since the epoch. */
  readonly notAfter: number
}

export interface KeptRenewed {
  /** As last seen. */
  current(): readonly RenewedCertificate[]
  stop(): Promise<void>
}

const log = logger('certificates')
/** Clocks are set and machines sleep, so the time is looked at now and then. Milliseconds. */
const lookEvery = 60_000
const nap = 5_000
const shortestWait = 1_000
const day = 86_400_000
/** Certificates are dated back as much, for clocks that are behind. */
const backdate = 300_000

/** When to renew: in the last third of a life, each machine a little earlier; of a short life a minute, or half of it, is left. */
export function renewalDue(notAfter: number, life: number, random: number): number {
  return notAfter - Math.max(life / 3 + (random * life) / 12, Math.min(60_000, life / 2))
}

/** How long a certificate lived when it was new. kubeadm dates all back to the beginning of their authority: a year, then. */
function lifeOf({ notBefore, notAfter }: Life, authority: Life | undefined): number {
  const life = notAfter - notBefore
  const asAuthority = authority && Math.abs(authority.notBefore - notBefore) < 2_000
  return Math.min(life > backdate ? life - backdate : life, asAuthority ? 365 * day : Number.POSITIVE_INFINITY)
}

interface Seen extends RenewedCertificate {
  readonly entry: RenewableCertificate
  readonly life: number
  /** It ends when its authority does, and so would the next. */
  readonly last: boolean
}

const endText = (notAfter: number, now: number) =>
  `${notAfter > now ? 'expires' : 'expired'} at ${new Date(notAfter).toISOString()}`

/** Begins now, and looks after them until it is stopped. */
export function keepRenewed(options: KeepRenewedOptions): KeptRenewed {
  const { clock, files = disk, validity, tell, random = Math.random } = options
  const stop = new AbortController()
  const part = random()
  const warned = new Map<string, number>()
  let seen: readonly Seen[] = []
  /** When the next of them is due. */
  let next = Number.POSITIVE_INFINITY

  /** All that are there. One that cannot be read is told, and does not keep the others waiting. */
  async function look(): Promise<readonly Seen[]> {
    const period = await validity?.().catch(() => undefined)
    const found = await Promise.all(
      renewedCertificates.map(async (entry): Promise<readonly Seen[]> => {
        const file = certificateFile(entry, options)
        try {
          const pem = await certificateIn(entry, file, files)
          if (pem === undefined) return []
          const facts = readCertificate(pem, file)
          const authority = await authorityOf(entry)
          const last = authority !== undefined && facts.notAfter >= authority.notAfter - 1_000
          return [{ entry, name: entry.name, notAfter: facts.notAfter, life: period ?? lifeOf(facts, authority), last }]
        } catch (error) {
          warn(entry.name, `${entry.name} is not renewed: ${(error as Error).message}`)
          return []
        }
      }),
    )
    return found.flat()
  }

  async function authorityOf({ authority }: RenewableCertificate): Promise<Life | undefined> {
    const file = join(options.dir, `${authority}.crt`)
    const pem = await files.read(file)
    return pem === undefined ? undefined : readCertificate(pem, file)
  }

  /** Once a day for each. */
  function warn(name: string, message: string): void {
    if (clock.now() - (warned.get(name) ?? Number.NEGATIVE_INFINITY) < day) return
    warned.set(name, clock.now())
    log.warn({ certificate: name }, message)
    tell({ type: 'Warning', reason: 'CertificateExpiring', message })
  }

  async function renew({ entry, notAfter, life, last }: Seen): Promise<void> {
    const { name, authority } = entry
    const ends = endText(notAfter, clock.now())
    if (last) {
      const which = shownAuthority(authority)
      return warn(name, `${name} ${ends}, together with its authority: kobune certs rotate-ca ${which}`)
    }
    try {
      const did = await renewCertificate(name, { ...options, files, now: clock.now(), validity: life })
      if (did === 'external') {
        warn(name, `${name} ${ends}, and has to be replaced by hand: the key of ${authority} is kept elsewhere`)
      }
      if (did !== 'renewed') return
      warned.delete(name)
      const message = `${name} is renewed; the former ${ends}`
      log.info({ certificate: name }, message)
      tell({ type: 'Normal', reason: 'CertificateRenewed', message })
    } catch (error) {
      warn(name, `${name} ${ends} and cannot be renewed: ${(error as Error).message}`)
    }
  }

  /** Milliseconds until the next look. */
  async function round(): Promise<number> {
    const due = (one: Seen) => renewalDue(one.notAfter, one.life, part) - clock.now()
    seen = await look()
    for (const { name, hint, ...life } of (await options.others?.()) ?? []) {
      const late = life.notAfter - clock.now() < lifeOf(life, undefined) / 20
      if (late) warn(name, `${name} ${endText(life.notAfter, clock.now())} and was not renewed: ${hint}`)
    }
    const now = seen.filter(one => due(one) <= 0)
    for (const one of now) if (!stop.signal.aborted) await renew(one)
    if (now.length > 0) seen = await look()
    // What could not be renewed is tried again: the more often the shorter its life.
    const waits = seen.map(one => Math.max(due(one), Math.min(lookEvery, one.life / 20)))
    next = clock.now() + Math.min(...seen.map(due).filter(left => left > 0))
    return Math.max(shortestWait, Math.min(lookEvery, ...waits))
  }

  async function mend(): Promise<void> {
    await mendKubeconfigs(files, options.kubernetesDir)
    for (const { certificate } of renewedCertificates)
      if (certificate) await mendPair(files, join(options.dir, certificate))
  }

  async function run(): Promise<void> {
    let mended = false
    while (!stop.signal.aborted) {
      let wait = lookEvery
      try {
        if (!mended) await mend()
        mended = true
        wait = await round()
      } catch (error) {
        log.warn({ error: (error as Error).message }, 'the certificates could not be looked at')
      }
      // A clock that is set ahead, or a machine that slept, is noticed soon.
      for (let left = wait; left > 0 && !stop.signal.aborted && (left === wait || clock.now() < next); left -= nap)
        await delay(Math.min(nap, left), stop.signal, clock).catch(() => {})
    }
  }

  const running = run()
  return {
    current: () => seen,
    async stop() {
      stop.abort(new Error('the agent stops'))
      await running
    },
  }
}
