/** Names of images, by the grammar every registry shares. */

const domain =
  '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?'
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const name = `(?:${domain}/)?${component}(?:/${component})*`
const whole = new RegExp(
  `^${name}(?::[\\w][\\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`,
)

/** What is wrong with an image's name; undefined when nothing is. */
export function imageNameError(image: string): string | undefined {
  if (whole.test(image)) return undefined
  const why = whole.test(image.toLowerCase())
    ? 'invalid reference format: repository name must be lowercase'
    : 'invalid reference format'
  return `Failed to apply default image tag "${image}": couldn't parse image name "${image}": ${why}`
}

/** The registry an image comes from: `docker.io` when its name does not say. */
export function registryOf(image: string): string {
  const first = image.split('/')[0]!
  const isHost = image.includes('/') && (first.includes('.') || first.includes(':') || first === 'localhost')
  return isHost ? first : 'docker.io'
}
