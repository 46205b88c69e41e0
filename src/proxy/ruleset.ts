/** One nftables table as data, the script that makes it, and the script that leads from one state of it to the next. */

export interface Ruleset {
  readonly family: 'ip' | 'ip6'
  readonly table: string
  /** Name -> declaration, `{ type ipv4_addr . inet_proto . inet_service : verdict; }`; maps have a verdict. */
  readonly sets: ReadonlyMap<string, SetDeclaration>
  /** Name -> chain. Base chains have a hook. */
  readonly chains: ReadonlyMap<string, Chain>
}

export interface SetDeclaration {
  readonly kind: 'set' | 'map'
  readonly declaration: string
  /** Key -> what it leads to (maps) or '' (sets). Absent: filled by rules as packets pass. */
  readonly elements?: ReadonlyMap<string, string>
}

export interface Chain {
  /** `type nat hook prerouting priority -100;` */
  readonly hook?: string
  readonly rules: readonly string[]
}

const element = ([key, leads]: readonly [string, string]) => (leads ? `${key} : ${leads}` : key)

/** The whole table, replacing whatever is there, in one transaction. */
export function fullScript(ruleset: Ruleset): string {
  const at = `${ruleset.family} ${ruleset.table}`
  return [
    `add table ${at}`,
    `delete table ${at}`,
    `add table ${at}`,
    ...changes({ ...ruleset, sets: new Map(), chains: new Map() }, ruleset),
    '',
  ].join('\n')
}

/** What changes from `before` to `after`; empty when nothing does. */
export function changeScript(before: Ruleset, after: Ruleset): string {
  const lines = changes(before, after)
  return lines.length ? `${lines.join('\n')}\n` : ''
}

/**
 * In an order that nft takes: new sets and chains first, then rules and elements that may lead to them, and at last,
 * when nothing leads there any more, what is gone.
 */
function changes(before: Ruleset, after: Ruleset): string[] {
  const at = `${after.family} ${after.table}`
  const lines: string[] = []
  for (const [name, set] of after.sets) {
    if (!before.sets.has(name)) lines.push(`add ${set.kind} ${at} ${name} ${set.declaration}`)
  }
  for (const [name, chain] of after.chains) {
    if (!before.chains.has(name)) lines.push(`add chain ${at} ${name}${chain.hook ? ` { ${chain.hook} }` : ''}`)
  }
  for (const [name, chain] of after.chains) {
    const old = before.chains.get(name)
    if (old && sameRules(old, chain)) continue
    if (old) lines.push(`flush chain ${at} ${name}`)
    lines.push(...chain.rules.map(rule => `add rule ${at} ${name} ${rule}`))
  }
  for (const [name, set] of after.sets) lines.push(...elementChanges(at, name, before.sets.get(name), set))
  for (const name of before.chains.keys()) if (!after.chains.has(name)) lines.push(`flush chain ${at} ${name}`)
  for (const name of before.chains.keys()) if (!after.chains.has(name)) lines.push(`delete chain ${at} ${name}`)
  for (const [name, set] of before.sets) if (!after.sets.has(name)) lines.push(`delete ${set.kind} ${at} ${name}`)
  return lines
}

function sameRules(a: Chain, b: Chain): boolean {
  return a.rules.length === b.rules.length && a.rules.every((rule, i) => rule === b.rules[i])
}

function elementChanges(at: string, name: string, before: SetDeclaration | undefined, after: SetDeclaration): string[] {
  const had = before?.elements ?? new Map<string, string>()
  const has = after.elements ?? new Map<string, string>()
  const gone = [...had].filter(([key, leads]) => has.get(key) !== leads)
  const fresh = [...has].filter(([key, leads]) => had.get(key) !== leads)
  return [
    ...(gone.length ? [`delete element ${at} ${name} { ${gone.map(([key]) => key).join(', ')} }`] : []),
    ...(fresh.length ? [`add element ${at} ${name} { ${fresh.map(element).join(', ')} }`] : []),
  ]
}
