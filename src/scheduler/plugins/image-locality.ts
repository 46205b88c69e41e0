import { plugin } from '../framework.ts'

const least = 23 * 1024 * 1024
const mostPerContainer = 1000 * 1024 * 1024

/** `nginx` is the same image as `docker.io/library/nginx:latest`. */
function normalized(image: string): string {
  return /:[^/]+$|@/.test(image) ? image : `${image}:latest`
}

/** Prefers nodes that have the pod's larger images. */
export const imageLocality = plugin({
  name: 'ImageLocality',
  weight: 1,
  wakes: [],
  preScore: (_, nodes) => {
    if (nodes.every(({ node }) => !node!.status.images?.length)) return 'skip'
    const holders = new Map<string, number>()
    for (const { node } of nodes) {
      for (const name of (node!.status.images ?? []).flatMap(image => image.names ?? [])) {
        holders.set(name, (holders.get(name) ?? 0) + 1)
      }
    }
    return { holders, nodes: nodes.length }
  },
  score: ({ pod }, { node }, state: { holders: ReadonlyMap<string, number>; nodes: number }) => {
    const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
    const sizes = containers.map(container => {
      const name = normalized(container.image ?? '')
      const image = node!.status.images?.find(i => i.names?.some(known => known === name || known.endsWith(`/${name}`)))
      const spread = (state.holders.get(name) ?? 1) / state.nodes
      return (image?.sizeBytes ?? 0) * spread
    })
    const sum = sizes.reduce((a, b) => a + b, 0)
    const most = mostPerContainer * containers.length
    return Math.floor((100 * (Math.min(Math.max(sum, least), most) - least)) / (most - least))
  },
})
