/**
 * Puts a merged list into the order a patch asks for with `$setElementOrder`: what it names comes in that order, and
 * what only the server has keeps its place among its old neighbours.
 */
export function inOrder(
  merged: readonly unknown[],
  server: readonly unknown[],
  order: readonly unknown[],
  key: string | undefined,
): unknown[] {
  const identity = (element: unknown) => String(key === undefined ? element : (element as Record<string, unknown>)[key])
  const wanted = positions(order.map(identity))
  const current = positions(server.map(identity))
  const named = merged.filter(element => wanted.has(identity(element)))
  named.sort((a, b) => wanted.get(identity(a))! - wanted.get(identity(b))!)
  const others = merged.filter(element => !wanted.has(identity(element)))
  others.sort((a, b) => (current.get(identity(a)) ?? Infinity) - (current.get(identity(b)) ?? Infinity))
  return interleave(named, others, element => current.get(identity(element)))
}

function positions(identities: readonly string[]): ReadonlyMap<string, number> {
  return new Map(identities.map((identity, i) => [identity, i]))
}

/** Takes from `named` until it reaches one that the server has behind the first of `others`. */
function interleave(
  named: readonly unknown[],
  others: readonly unknown[],
  place: (element: unknown) => number | undefined,
): unknown[] {
  const result: unknown[] = []
  let i = 0
  let j = 0
  while (i < named.length && j < others.length) {
    const left = place(named[i])
    const right = place(others[j])
    const othersFirst = left !== undefined && right !== undefined && right < left
    result.push(othersFirst ? others[j++] : named[i++])
  }
  return [...result, ...named.slice(i), ...others.slice(j)]
}
