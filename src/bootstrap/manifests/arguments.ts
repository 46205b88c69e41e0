/** Command lines of components: what we say, and what the configuration says over it. */
import type { Argument } from '../config/types.ts'

/** `--name=value`, in the order of the names. What the configuration names replaces all of ours of that name. */
export function commandLine(
  base: Readonly<Record<string, string | undefined>>,
  extra: readonly Argument[] = [],
): readonly string[] {
  const replaced = new Set(extra.map(argument => argument.name))
  const own = Object.entries(base).flatMap(([name, value]) =>
    value === undefined || replaced.has(name) ? [] : [{ name, value }],
  )
  return [...own, ...extra]
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
    .map(({ name, value }) => `--${name}=${value}`)
}

/** The value of an argument of a command line, if it is there. */
export function argumentOf(command: readonly string[], name: string): string | undefined {
  return command.find(word => word.startsWith(`--${name}=`))?.slice(name.length + 3)
}
