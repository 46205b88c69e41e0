import { version } from '../base/version.ts'

/** 128 and the number of SIGPIPE, which Node ignores. */
const brokenPipe = 141

// Who reads no further (`| head`) wants no more.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(brokenPipe)
})

const words = process.argv.slice(2)
if (words.length === 1 && (words[0] === '--version' || words[0] === '-v')) {
  process.stdout.write(`kobune ${version}\n`)
} else {
  process.exitCode = await main(words)
}

/** Runs the command line; every failure becomes one clear message and an exit code. */
async function main(words: readonly string[]): Promise<number> {
  const [{ kobune }, { runCommandLine }] = await Promise.all([import('./kobune.ts'), import('./parse.ts')])
  try {
    return await runCommandLine(kobune, words)
  } catch (error) {
    const { explain } = await import('./explain.ts')
    return explain(error)
  }
}
