/** Gets images: by their pull policy, few at a time, the same one only once, with back-off after failures. */
import { type Clock, systemClock } from '../../base/clock.ts'
import { formatDuration } from '../../base/duration.ts'
import type { Cri } from '../cri/cri.ts'
import { CriError } from '../cri/cri-error.ts'
import type { AuthConfig, Image } from '../cri/types.ts'
import type { ImageUser } from '../pod/security.ts'
import { ImageError } from './image-error.ts'
import { imageNameError } from './image-name.ts'

export interface ImageRequest {
  readonly image: string
  readonly policy: string
  /** Whose failures are counted together: one pod's uid. */
  readonly owner: string
  /** Tells people what happens. */
  readonly event: (type: 'Normal' | 'Warning', reason: string, message: string) => void
  /** Asked only when something is pulled. */
  readonly credentials: () => Promise<readonly AuthConfig[]>
  readonly signal: AbortSignal
}

export interface PulledImage {
  readonly ref: string
  readonly user: ImageUser
}

export interface ImagePuller {
  /** Throws ImageError. */
  ensure(request: ImageRequest): Promise<PulledImage>
}

const backoff = { first: 10_000, most: 300_000 }
/** Failures are forgotten when the last one was this long ago. */
const memory = 2 * backoff.most

interface Failure {
  readonly delay: number
  readonly at: number
  readonly message: string
}

/** A puller over one runtime; `parallel` pulls at most run at the same time. */
export function imagePuller(options: {
  readonly cri: Cri
  readonly parallel?: number
  readonly clock?: Clock
}): ImagePuller {
  const { cri, parallel = 4, clock = systemClock } = options
  const failures = new Map<string, Failure>()
  const pulling = new Map<string, Promise<string>>()
  const waiting: (() => void)[] = []
  let active = 0

  async function pull(image: string, credentials: readonly AuthConfig[], signal: AbortSignal): Promise<string> {
    if (active >= parallel) await new Promise<void>(resolve => waiting.push(resolve))
    active++
    try {
      let failure: unknown
      for (const auth of [...credentials, undefined]) {
        try {
          return await cri.pullImage({ image }, auth ? { auth, signal } : { signal })
        } catch (error) {
          failure ??= error
          if (signal.aborted) break
        }
      }
      throw failure
    } finally {
      active--
      waiting.shift()?.()
    }
  }

  async function pullShared(request: ImageRequest): Promise<string> {
    const credentials = await request.credentials()
    // With other credentials it is another pull: who may see an image must not depend on who asked first.
    const key = `${request.image} ${JSON.stringify(credentials)}`
    let running = pulling.get(key)
    if (!running) {
      // Others may wait for it too, so one pod's end does not stop it.
      const fresh = pull(request.image, credentials, new AbortController().signal).finally(() => pulling.delete(key))
      fresh.catch(() => {})
      pulling.set(key, (running = fresh))
    }
    return abortable(running, request.signal)
  }

  async function pullAndTell(request: ImageRequest): Promise<PulledImage> {
    const { image, event, owner } = request
    const key = `${owner} ${image}`
    const before = failures.get(key)
    const now = clock.now()
    if (before && now < before.at + before.delay) {
      event('Normal', 'BackOff', `Back-off pulling image "${image}"`)
      event('Warning', 'Failed', 'Error: ImagePullBackOff')
      const message = `Back-off pulling image "${image}": ${before.message}`
      throw new ImageError('ImagePullBackOff', message, before.at + before.delay)
    }
    event('Normal', 'Pulling', `Pulling image "${image}"`)
    try {
      const ref = await pullShared(request)
      failures.delete(key)
      const took = formatDuration(Math.max(1, clock.now() - now))
      const found = await cri.imageStatus(ref)
      const size = found?.size ?? 0
      const text = `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${size} bytes.`
      event('Normal', 'Pulled', text)
      return pulled(found, ref)
    } catch (error) {
      if (request.signal.aborted) throw error
      const message = `failed to pull and unpack image "${image}": ${detailsOf(error)}`
      const forgotten = !before || now - before.at > memory
      const delay = forgotten ? backoff.first : Math.min(backoff.most, before.delay * 2)
      failures.set(key, { delay, at: clock.now(), message: `ErrImagePull: ${message}` })
      for (const [name, { at }] of failures) if (clock.now() - at > memory) failures.delete(name)
      event('Warning', 'Failed', `Failed to pull image "${image}": ${message}`)
      event('Warning', 'Failed', 'Error: ErrImagePull')
      // Tried again at once to say so with the next reason, as upstream does.
      throw new ImageError('ErrImagePull', message, clock.now() + 1_000)
    }
  }

  return {
    async ensure(request) {
      const { image, policy, event } = request
      const wrong = imageNameError(image)
      if (wrong) {
        event('Warning', 'InspectFailed', wrong)
        event('Warning', 'Failed', 'Error: InvalidImageName')
        throw new ImageError('InvalidImageName', wrong, clock.now() + 60_000)
      }
      if (policy === 'Always') return pullAndTell(request)
      const here = await cri.imageStatus(image).catch(error => {
        const text = `Failed to inspect image "${image}": ${detailsOf(error)}`
        throw new ImageError('ImageInspectError', text, clock.now() + backoff.first)
      })
      if (here) {
        event('Normal', 'Pulled', `Container image "${image}" already present on machine`)
        return pulled(here, here.id)
      }
      if (policy !== 'Never') return pullAndTell(request)
      const text = `Container image "${image}" is not present with pull policy of Never`
      event('Warning', 'ErrImageNeverPull', text)
      event('Warning', 'Failed', 'Error: ErrImageNeverPull')
      throw new ImageError('ErrImageNeverPull', text, clock.now() + backoff.first)
    },
  }
}

function pulled(image: Image | undefined, ref: string): PulledImage {
  const name = image?.username ?? ''
  // An image that names nobody runs as root.
  return { ref: image?.id ?? ref, user: { uid: image?.uid?.value ?? (name ? undefined : 0), name } }
}

function detailsOf(error: unknown): string {
  if (!(error instanceof CriError)) return error instanceof Error ? error.message : String(error)
  return error.details.replace(/^failed to pull and unpack image "[^"]*": /, '')
}

function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
