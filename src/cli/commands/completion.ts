import type { Call, Command } from '../command.ts'
import { writeLine } from '../print.ts'

interface Level {
  readonly path: readonly string[]
  readonly words: readonly string[]
  /** Flags that are followed by a value, with the values there are; none: any, or a file. */
  readonly valued: readonly { readonly flags: readonly string[]; readonly choices: readonly string[] }[]
}

const flagsOf = (text: string): string[] => text.replace(/<.*/, '').match(/--?[a-z-]+/g) ?? []

/** Prints a script that completes commands, options and fixed choices, made of the command tree. */
export async function completion(root: Command, call: Call): Promise<number> {
  writeLine(scripts[call.args[0] as Shell](levels(root)))
  return 0
}

/** For each command, what may follow it. */
function levels(command: Command, path: readonly string[] = []): Level[] {
  const children = (command.commands ?? []).filter(child => !child.hidden)
  const options = (command.options ?? []).flatMap(option => flagsOf(option.flags))
  const valued = (command.options ?? [])
    .filter(({ flags }) => flags.includes('<'))
    .map(({ flags, choices = [] }) => ({ flags: flagsOf(flags), choices }))
  const choices = (command.arguments ?? []).flatMap(argument => argument.choices ?? [])
  const words = [...children.map(child => child.name), ...choices, ...options, '--help']
  return [{ path, words, valued }, ...children.flatMap(child => levels(child, [...path, child.name]))]
}

/** Words that are commands where they stand, as patterns; others are values, or arguments. */
const named = (all: readonly Level[]): string =>
  all
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => `"${path.slice(0, -1).join(' ')} ${path.at(-1)}"`)
    .join('|')

const replies = (words: readonly string[]): string => `COMPREPLY=($(compgen -W "${words.join(' ')}" -- "$current"))`

/** Where nothing is replied, the shell completes names of files. */
const valuesAfter = ({ path, valued }: Level): string[] =>
  valued.map(({ flags, choices }) => {
    const after = flags.map(flag => `"${path.join(' ')} ${flag}"`).join('|')
    return `    ${after}) ${choices.length > 0 ? `${replies(choices)}; ` : ''}return;;`
  })

type Shell = 'bash' | 'zsh' | 'fish'

const scripts: Readonly<Record<Shell, (all: readonly Level[]) => string>> = {
  bash: all => `_kobune() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
      ${named(all)}) path="\${path:+$path }$word";;
    esac
  done
  COMPREPLY=()
  case "$path $previous" in
${all.flatMap(valuesAfter).join('\n')}
  esac
  case "$path" in
${all.map(({ path, words }) => `    "${path.join(' ')}") ${replies(words)};;`).join('\n')}
  esac
}
complete -o default -F _kobune kobune ./kobune`,
  zsh: all => `#compdef kobune
autoload -U +X bashcompinit && bashcompinit
${scripts.bash(all)}`,
  fish: all =>
    all
      .map(({ path, words }) => {
        const seen = path.map(word => `__fish_seen_subcommand_from ${word}`).join('; and ')
        const plain = words.filter(word => !word.startsWith('-')).join(' ')
        const longs = words.filter(word => word.startsWith('--')).map(word => `-l ${word.slice(2)}`)
        const when = path.length ? `-n '${seen}'` : `-n __fish_use_subcommand`
        return [
          ...(plain ? [`complete -c kobune -f ${when} -a '${plain}'`] : []),
          ...longs.map(long => `complete -c kobune ${when} ${long}`),
        ].join('\n')
      })
      .join('\n'),
}
