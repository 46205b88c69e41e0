/**
 * The program that holds a pod's namespaces: waits for SIGTERM or SIGINT, and reaps orphans meanwhile. A whole
 * static x86-64 executable in 204 bytes: block INT, TERM and CHLD; rt_sigtimedwait; on CHLD wait4 until nobody is
 * left; on the others exit 0.
 */
import { HostError } from '../../../host/host-error.ts'
import { ownArchitecture, type PackedImage, packImage } from './pack.ts'

/** The name that sandboxes ask for. */
export const pauseImage = 'registry.k8s.io/pause:3.10'

const programs: Readonly<Record<string, string>> = {
  amd64:
    '7f454c4602010100000000000000000002003e00010000007800400000000000400000000000000000000000000000000000000040003800' +
    '0100000000000000010000000500000000000000000000000000400000000000000040000000' +
    '0000cc00000000000000cc00000000000000001000000000000068024001004889e631ff31d2' +
    '6a08415ab80e0000000f054889e731f631d26a08415ab8800000000f0583f811740d85c078e531ffb8e70000000f0548' +
    '83cfff31f66a015a4531d2b83d0000000f0585c07fe9ebc3',
}

/** The executable for an architecture. */
export function pauseProgram(architecture: string = ownArchitecture()): Buffer {
  const hex = programs[architecture]
  if (!hex) {
    const message = `there is no pause program for ${architecture} yet; import an image named ${pauseImage} instead`
    throw new HostError({ verb: 'make', target: 'the pause image', code: 'unsupported', message })
  }
  return Buffer.from(hex, 'hex')
}

/** Packs the pause image. */
export function packPause(out: string, name: string = pauseImage): Promise<PackedImage> {
  const entries = [{ type: 'file', path: 'pause', mode: 0o755, content: pauseProgram() }] as const
  return packImage({ name, out, entries, config: { Entrypoint: ['/pause'], User: '65535:65535' } })
}
