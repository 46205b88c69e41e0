import { shortDuration } from '../base/duration.ts'
import { tabTable } from '../base/tab-table.ts'
import type { BootstrapTokenSpec } from './config/types.ts'

const titles = ['TOKEN', 'TTL', 'EXPIRES', 'USAGES', 'DESCRIPTION', 'EXTRA GROUPS']

/** Tokens as `token list` shows them. `now` in milliseconds. */
export function tokenTable(tokens: readonly BootstrapTokenSpec[], now: number): string {
  const rows = tokens.map(({ token, expires, usages, description, groups }) => [
    token,
    expires ? shortDuration(Date.parse(expires) - now) : '<forever>',
    expires ?? '<never>',
    [...usages].sort().join(',') || '<none>',
    description || '<none>',
    groups.join(',') || '<none>',
  ])
  return tabTable([titles, ...rows], { least: 10, padding: 3 })
}

/** A token as programs read it (`-o json`); what it has none of is left out. */
export function tokenObject(token: BootstrapTokenSpec): object {
  const there = Object.entries(token).filter(([, value]) => value.length > 0)
  return { kind: 'BootstrapToken', apiVersion: 'output.kubeadm.k8s.io/v1alpha3', ...Object.fromEntries(there) }
}
