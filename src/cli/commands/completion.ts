import type { Call, Command } from '../command.ts'
import { writeLine } from '../print.ts'

interface Level {
  readonly path: readonly string[]
  readonly words: readonly string[]
}

/** Prints a script that completes commands, options and fixed choices, made of the command tree. */
export async function completion(root: Command, call: Call): Promise<number> {
  writeLine(scripts[call.args[0] as Shell](levels(root)))
  return 0
}

/** For each command, what may follow it. */
function levels(command: Command, path: readonly string[] = []): Level[] {
  const children = (command.commands ?? []).filter(child => !child.hidden)
  const options = (command.options ?? []).flatMap(option => option.flags.match(/--?[a-z-]+/g) ?? [])
  const choices = (command.arguments ?? []).flatMap(argument => argument.choices ?? [])
  const words = [...children.map(child => child.name), ...choices, ...options, '--help']
  return [{ path, words }, ...children.flatMap(child => levels(child, [...path, child.name]))]
}

type Shell = 'bash' | 'zsh' | 'fish'

const scripts: Readonly<Record<Shell, (all: readonly Level[]) => string>> = {
  bash: all => `_kobune() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do [[ $word == -* ]] || path="$path $word"; done
  case "\${path# }" in
${all.map(({ path, words }) => `    "${path.join(' ')}") COMPREPLY=($(compgen -W "${words.join(' ')}" -- "$current"));;`).join('\n')}
    *) COMPREPLY=($(compgen -f -- "$current"));;
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
