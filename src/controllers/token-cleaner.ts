/** Deletes bootstrap tokens when their time is up; what they own (uploaded certificates) goes with them. */
import { secrets } from '../api/core/v1/secret.ts'
import { splitKey } from '../client/informer.ts'
import { bootstrapTokenNamespace, bootstrapTokenType, readBootstrapToken } from '../machinery/bootstrap-token-secret.ts'
import { isNotFound } from '../machinery/status-error.ts'
import { type Controller, controller, on } from '../reconcile/controller.ts'

export function tokenCleaner(): Controller {
  return controller({
    name: 'token-cleaner-controller',
    watches: [
      on(secrets, ({ type, metadata: { namespace, name } }) =>
        type === bootstrapTokenType && namespace === bootstrapTokenNamespace ? [`${namespace}/${name}`] : [],
      ),
    ],
    workers: 1,
    reconcile: async (key, { client, informers, clock, log }) => {
      const secret = informers.of(secrets).get(key)
      const token = secret && readBootstrapToken(secret)
      if (token?.expires === undefined) return undefined
      const left = token.expires - clock.now()
      if (left > 0) return { after: left }
      const { uid, resourceVersion } = secret!.metadata
      // Only as it was looked at: someone may just have given it more time.
      await client.delete(secrets, splitKey(key), { preconditions: { uid, resourceVersion } }).catch(error => {
        if (!isNotFound(error)) throw error
      })
      log.info({ token: token.id }, 'an expired bootstrap token was deleted')
      return undefined
    },
  })
}
