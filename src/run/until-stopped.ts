/** Resolves when the process is asked to end (SIGTERM, SIGINT). A second signal ends it at once. */
export function untilStopped(): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    const stop = (signal: NodeJS.Signals) => {
      process.once(signal, () => process.exit(130))
      void resolve(signal)
    }
    process.once('SIGTERM', stop)
    process.once('SIGINT', stop)
  })
}
