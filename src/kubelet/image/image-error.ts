/** Why there is no image to start from; `reason` is the waiting reason of the container. */
export class ImageError extends Error {
  readonly reason: 'ErrImagePull' | 'ImagePullBackOff' | 'ErrImageNeverPull' | 'InvalidImageName' | 'ImageInspectError'
  /** When to try again, milliseconds since the epoch. */
  readonly retryAt: number

  constructor(reason: ImageError['reason'], message: string, retryAt: number) {
    super(message)
    this.name = 'ImageError'
    this.reason = reason
    this.retryAt = retryAt
  }
}
