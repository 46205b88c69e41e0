import { CommanderError, Command as Program, Argument as ProgramArgument, Option as ProgramOption } from 'commander'
import type { Call, Command } from './command.ts'

/** Runs the command that `words` name. Resolves to the exit code: 2 for a line that could not be understood. */
export async function runCommandLine(root: Command, words: readonly string[]): Promise<number> {
  let code: number | undefined
  const direct = root.commands?.find(child => child.words && child.name === words[0])
  if (direct?.run) return direct.run({ args: [words.slice(1)], options: {} })
  const program = build(root, '', run => {
    code = run
  })
  try {
    await program.parseAsync(words, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.code === 'commander.helpDisplayed' || error.code === 'commander.help' ? 0 : 2
  }
  return code ?? 0
}

function build(command: Command, above: string, finish: (code: number) => void): Program {
  const path = above ? `${above} ${command.name}` : command.name
  const program = new Program(command.name)
    .description(command.does)
    .exitOverride()
    .showHelpAfterError('(--help tells more)')
  // Options behind a subcommand's name are that one's, even where the command above has them too.
  program.allowExcessArguments(false).enablePositionalOptions()
  for (const argument of command.arguments ?? []) program.addArgument(argumentOf(argument))
  for (const option of command.options ?? []) program.addOption(optionOf(option))
  if (command.examples) program.addHelpText('after', `\n${examplesText(command)}`)
  for (const child of command.commands ?? []) {
    program.addCommand(build(child, path, finish), { hidden: child.hidden ?? false })
  }
  const { run, alone } = command
  if (run) {
    program.action(async (...all: unknown[]) => {
      const call: Call = { args: all.slice(0, -2) as Call['args'], options: program.opts() }
      const work = () => run(call)
      finish(alone?.(call) ? await (await import('./run-alone.ts')).runAlone(path, work) : await work())
    })
  }
  return program
}

function argumentOf({ name, does, optional, variadic, choices }: NonNullable<Command['arguments']>[number]) {
  const inner = variadic ? `${name}...` : name
  const argument = new ProgramArgument(optional ? `[${inner}]` : `<${inner}>`, does)
  return choices ? argument.choices(choices) : argument
}

function optionOf({ flags, does, default: value, choices, many }: NonNullable<Command['options']>[number]) {
  const option = new ProgramOption(flags, does)
  if (value !== undefined) option.default(value)
  if (choices) option.choices(choices)
  if (many) option.argParser((next: string, before: string[] | undefined) => [...(before ?? []), next])
  return option
}

function examplesText(command: Command): string {
  const lines = command.examples!.map(([line, does]) => `  # ${does}\n  ${line}`)
  return `Examples:\n${lines.join('\n')}`
}
