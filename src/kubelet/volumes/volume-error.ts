/** A volume that cannot be made now. */
export class VolumeError extends Error {
  readonly volume: string

  constructor(volume: string, message: string, cause?: unknown) {
    super(`MountVolume.SetUp failed for volume "${volume}" : ${message}`, { cause })
    this.name = 'VolumeError'
    this.volume = volume
  }
}
