import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

export interface Import {
  /** The importing file, relative to the repository. */
  readonly file: string
  /** Relative file for our own, the specifier for packages and Node's modules. */
  readonly to: string
  readonly typeOnly: boolean
}

const statement = /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|import\(\s*'([^']+)'\s*\)/gm

/** All TypeScript files under a folder, relative paths. */
export function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts'))
    .map(name => join(folder, name))
    .sort()
}

/** What the files under a folder import. */
export function imports(folder: string): Import[] {
  return sources(folder).flatMap(file =>
    [...readFileSync(file, 'utf8').matchAll(statement)].map(([, type, fixed, dynamic]) => {
      const to = (fixed ?? dynamic)!
      return { file, to: to.startsWith('.') ? normalize(join(dirname(file), to)) : to, typeOnly: Boolean(type) }
    }),
  )
}
