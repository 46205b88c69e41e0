/** A command is one declaration; parsing (parse.ts), help and completion (completion.ts) derive from it. */

export interface Argument {
  readonly name: string
  readonly does: string
  readonly optional?: boolean
  readonly variadic?: boolean
  readonly choices?: readonly string[]
}

export interface Option {
  /** `-o, --output <format>`; without `<...>` it is a switch. */
  readonly flags: string
  readonly does: string
  readonly default?: string | boolean
  readonly choices?: readonly string[]
  /** May be given several times; its value is a list. */
  readonly many?: boolean
}

/** What a command is called with: arguments by position, options by their long name in camelCase. */
export interface Call {
  readonly args: readonly (string | readonly string[] | undefined)[]
  readonly options: Readonly<Record<string, unknown>>
}

export interface Command {
  readonly name: string
  readonly does: string
  readonly arguments?: readonly Argument[]
  readonly options?: readonly Option[]
  /** Command lines that work as they stand, with what each is for. */
  readonly examples?: readonly (readonly [line: string, does: string])[]
  readonly commands?: readonly Command[]
  /** Works, but is not shown: what the processes of a cluster are started with. */
  readonly hidden?: boolean
  /** All that follows on the line goes to `run` as it stands, as its first argument: it has flags of another kind. */
  readonly words?: boolean
  /** Whether a call changes this machine as a whole: of such calls one runs at a time (run-alone.ts). */
  readonly alone?: (call: Call) => boolean
  /** Loads the code only when the command runs; resolves to the exit code. */
  readonly run?: (call: Call) => Promise<number>
}

/** How results can be printed. */
export const output: Option = {
  flags: '-o, --output <format>',
  does: 'how to print the result',
  default: 'text',
  choices: ['text', 'json', 'yaml'],
}
