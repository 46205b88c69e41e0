import { type Cidr, overlaps, parseCidr, sizeOf } from '../../base/cidr.ts'
import { type FieldError, fieldInvalid } from '../../machinery/field-error.ts'
import { subdomain } from './rules.ts'
import type { ClusterConfiguration } from './types.ts'

/** How many addresses are left to Services at most: more bits than this the allocator cannot keep. */
const serviceBits = 20
/** The DNS is the tenth address of the Services. */
const leastServices = 10n
const leastPods = 14n
/** By how much the mask of a node may exceed that of all pods: as many bits of nodes. */
const nodeBits = 16

/** Networks of Services and pods, and the domain. */
export function validateNetworking(cluster: ClusterConfiguration): FieldError[] {
  const { serviceSubnet, podSubnet, dnsDomain } = cluster.networking
  const services = networks(serviceSubnet, 'networking.serviceSubnet', leastServices)
  const pods = podSubnet ? networks(podSubnet, 'networking.podSubnet', leastPods) : { errors: [], all: [] }
  const errors = [...subdomain(dnsDomain, 'networking.dnsDomain'), ...services.errors, ...pods.errors]
  for (const network of services.all) {
    if (bitsOf(network) > serviceBits) {
      const text = `must leave at most ${serviceBits} bits for addresses (/12 for IPv4, /108 for IPv6)`
      errors.push(fieldInvalid('networking.serviceSubnet', serviceSubnet, text))
    }
  }
  if (pods.all.some(pod => services.all.some(service => overlaps(pod, service)))) {
    const text = `overlaps networking.serviceSubnet ${serviceSubnet}`
    errors.push(fieldInvalid('networking.podSubnet', podSubnet, text))
  }
  const args = new Map(cluster.controllerManager.extraArgs?.map(({ name, value }) => [name, value]))
  if (args.get('allocate-node-cidrs') === 'false') return errors
  for (const pod of pods.all) {
    const mask = nodeMask(args, pod)
    if (mask >= pod.length && mask - pod.length <= nodeBits) continue
    const text =
      mask < pod.length
        ? `has no room for networks of nodes with the mask /${mask}`
        : `is more than ${nodeBits} bits larger than networks of nodes with the mask /${mask}`
    errors.push(fieldInvalid('networking.podSubnet', podSubnet, text))
  }
  return errors
}

function nodeMask(args: ReadonlyMap<string, string>, { family }: Cidr): number {
  const given = args.get(`node-cidr-mask-size-ipv${family}`) ?? args.get('node-cidr-mask-size')
  return Number(given ?? (family === 4 ? 24 : 64))
}

function networks(text: string, field: string, least: bigint): { errors: FieldError[]; all: Cidr[] } {
  const parsed = text.split(',').map(part => parseCidr(part.trim()))
  const all = parsed.filter(cidr => cidr !== undefined)
  const errors: FieldError[] = []
  const wrong = (detail: string) => errors.push(fieldInvalid(field, text, detail))
  if (all.length < parsed.length) wrong('must be a network such as 10.96.0.0/12, or two, comma separated')
  else if (all.length > 2 || (all.length === 2 && all[0]!.family === all[1]!.family))
    wrong('may be one network, or two of different families')
  for (const network of all) if (sizeOf(network) < least) wrong(`must have at least ${least} addresses`)
  return { errors, all }
}

const bitsOf = ({ family, length }: Cidr) => (family === 4 ? 32 : 128) - length
