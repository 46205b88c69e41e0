/** Input of `iptables-restore --noflush`: from one state of our chains to the next, and nothing else is touched. */
import type { IptablesChains, IptablesRules } from './iptables-rules.ts'

const tables = ['filter', 'nat'] as const

/**
 * Only chains that differ are written; a chain's declaration empties it. What nobody leads to any more is removed last.
 * Empty when nothing differs.
 */
export function restoreScript(before: IptablesRules, after: IptablesRules): string {
  return tables.map(table => tableScript(table, before[table], after[table])).join('')
}

function tableScript(table: string, before: IptablesChains, after: IptablesChains): string {
  const changed = [...after].filter(([name, rules]) => !same(before.get(name), rules))
  const gone = [...before.keys()].filter(name => !after.has(name))
  if (changed.length === 0 && gone.length === 0) return ''
  return [
    `*${table}`,
    ...[...changed.map(([name]) => name), ...gone].map(name => `:${name} - [0:0]`),
    ...changed.flatMap(([name, rules]) => rules.map(rule => `-A ${name} ${rule}`)),
    ...gone.map(name => `-X ${name}`),
    'COMMIT',
    '',
  ].join('\n')
}

function same(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a !== undefined && a.length === b.length && a.every((rule, i) => rule === b[i])
}

/** The names of chains that `iptables-save` tells of. */
export function savedChains(text: string, table: string): string[] {
  const part = text.split(/^\*/m).find(each => each.startsWith(`${table}\n`)) ?? ''
  return [...part.matchAll(/^:(\S+)/gm)].map(match => match[1]!)
}
