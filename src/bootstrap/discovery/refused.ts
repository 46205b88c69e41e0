/** What it means when a cluster that was found answers no. */
import { isForbidden, isNotFound, isStatus } from '../../machinery/status-error.ts'
import { DiscoveryError } from './discover.ts'

/** What it means when the cluster does not let the holder of a token read what it must. */
export function refused(error: unknown, name: string): unknown {
  if (isForbidden(error) || isNotFound(error)) {
    return new DiscoveryError(
      `ConfigMap kube-system/${name} cannot be read with this token: ${(error as Error).message}. On a control plane machine: kobune init phase upload-config all`,
      { cause: error },
    )
  }
  return notTaken(error)
}

/** A token may end at any moment, also while it is used. */
export function notTaken(error: unknown): unknown {
  if (!isStatus(error, 'Unauthorized')) return error
  return new DiscoveryError(
    'the cluster does not take this token: it has expired, or is not for authentication. Make a new one on a control plane machine with: kobune token create --print-join-command',
    { cause: error },
  )
}
