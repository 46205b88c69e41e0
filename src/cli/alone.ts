/** Which calls change this machine as a whole, so that one of them runs at a time (run-alone.ts). */
import type { Call } from './command.ts'

/** Of a command that changes nothing with --dry-run. */
export const unlessDryRun = ({ options }: Call): boolean => options.dryRun !== true
/** Of a command that only lists phases when none is named. */
export const onePhase = (call: Call): boolean =>
  Array.isArray(call.args[0]) && call.args[0].length > 0 && unlessDryRun(call)
/** Of a command for certificates that may be elsewhere than those of the machine. */
export const machineCertificates = ({ options }: Call): boolean =>
  [undefined, '/etc/kubernetes/pki'].includes(options.certDir as string | undefined)
/** Of a command that does nothing else. */
export const always = (): boolean => true
