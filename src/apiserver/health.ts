import type { PathHandler } from './core.ts'
import type { Reply } from './request.ts'

/** One thing that has to be well; throws or answers a text when it is not. */
export interface HealthCheck {
  readonly name: string
  /** Not part of /livez: restarting would not help. */
  readonly readyOnly?: boolean
  check(): Promise<string | undefined> | string | undefined
}

const roots = ['/healthz', '/livez', '/readyz']

/** /livez, /readyz, /healthz, each check also alone below them; `?verbose` names them, `?exclude=` leaves some out. */
export function health(checks: readonly HealthCheck[]): PathHandler {
  return async ({ path, query }) => {
    const root = roots.find(one => path === one || path.startsWith(`${one}/`))
    if (!root) return undefined
    const applicable = checks.filter(check => root !== '/livez' || !check.readyOnly)
    const name = path.slice(root.length + 1)
    if (name) {
      const one = applicable.find(check => check.name === name)
      if (!one) return undefined
      const wrong = await run(one)
      return wrong === undefined ? text(200, 'ok') : text(500, `internal server error: ${wrong}\n`)
    }
    const excluded = new Set(query.getAll('exclude'))
    const lines: string[] = []
    let failed = false
    for (const check of applicable) {
      if (excluded.has(check.name)) {
        lines.push(`[+]${check.name} excluded: ok`)
        continue
      }
      const wrong = await run(check)
      failed ||= wrong !== undefined
      lines.push(wrong === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`)
    }
    const title = root.slice(1)
    if (failed) return text(500, `${lines.join('\n')}\n${title} check failed\n`)
    return query.has('verbose') ? text(200, `${lines.join('\n')}\n${title} check passed\n`) : text(200, 'ok')
  }
}

async function run(check: HealthCheck): Promise<string | undefined> {
  try {
    return await check.check()
  } catch (error) {
    return (error as Error).message
  }
}

/** A plain text answer. */
export function text(code: number, body: string): Reply {
  return {
    code,
    contentType: 'text/plain; charset=utf-8',
    headers: { 'x-content-type-options': 'nosniff' },
    body: Buffer.from(body),
  }
}
