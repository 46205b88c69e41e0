/** The value that this share of the numbers does not exceed; `share` from 0 to 1. Throws when there are none. */
export function percentile(numbers: readonly number[], share: number): number {
  if (numbers.length === 0) throw new Error('no numbers')
  const sorted = [...numbers].sort((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)]!
  return below + (sorted[Math.ceil(at)]! - below) * (at % 1)
}

export function median(numbers: readonly number[]): number {
  return percentile(numbers, 0.5)
}

/** Runs something so many times, one after another; resolves to what each gave. */
export async function repeat<T>(times: number, one: (i: number) => Promise<T>): Promise<T[]> {
  const all: T[] = []
  for (let i = 0; i < times; i++) all.push(await one(i))
  return all
}

/** Runs `one` for 0 to `count - 1` with so many under way; resolves to how many ended per second. */
export async function rate(
  { count, parallel }: { readonly count: number; readonly parallel: number },
  one: (i: number, worker: number) => Promise<unknown>,
): Promise<number> {
  let next = 0
  const from = performance.now()
  const work = async (_: unknown, worker: number) => {
    while (next < count) await one(next++, worker)
  }
  await Promise.all(Array.from({ length: parallel }, work))
  return (count / (performance.now() - from)) * 1000
}
