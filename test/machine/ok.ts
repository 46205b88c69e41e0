import { type RunOptions, run } from '../cluster/lab/run.ts'

/** Runs a command to its end; an error with what it said when it fails. Answers its output. */
export async function ok(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options)
  if (code === 0) return stdout
  throw new Error(`${command} ${args.join(' ')}: exit code ${code}\n${`${stdout}${stderr}`.slice(-2_000)}`)
}
