import { delay } from '../../../src/base/clock.ts'

/** Asks again and again until there is an answer; its last refusal is in the error when the time is over. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false>,
  { timeout = 60_000, every = 150 }: { readonly timeout?: number; readonly every?: number } = {},
): Promise<T> {
  let why = ''
  for (const end = Date.now() + timeout; Date.now() < end; await delay(every)) {
    try {
      const answer = await ask()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      why = `: ${(error as Error).message}`
    }
  }
  throw new Error(`not within ${timeout / 1000} s: ${what}${why}`)
}
