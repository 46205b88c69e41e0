/** Who holds which address of a Service, as upstream tells it: an IPAddress of that name can be made only once, and is the claim. */
import { randomUUID } from 'node:crypto'
import { type IPAddress, ipAddresses } from '../../api/networking/v1/ip-address.ts'
import { rfc3339 } from '../../base/clock.ts'
import type { Storage } from '../../storage/storage.ts'
import { encodeStored } from '../cache/entry.ts'
import { storagePrefix } from '../registry/storage-key.ts'
import { Claims, type Owner } from './claims.ts'

const managedBy = { 'ipaddress.kubernetes.io/managed-by': 'ipallocator.k8s.io' } as const
const family = { 'ipaddress.kubernetes.io/ip-family': 'IPv4' } as const
/** The parent is named without it, and may have been made anew under its name. */
const uidAnnotation = 'kobune.io/service-uid'

/** Claims on addresses, as objects of the API. */
export const addressClaims = (storage: Storage): Claims =>
  new Claims(storage, storagePrefix(ipAddresses), { write: addressOf, read: ownerOf })

function addressOf(value: string, { namespace, name, uid }: Owner): Uint8Array {
  const address = {
    kind: 'IPAddress',
    apiVersion: ipAddresses.apiVersion,
    metadata: {
      name: value,
      uid: randomUUID(),
      creationTimestamp: rfc3339(Date.now()),
      labels: { ...family, ...managedBy },
      annotations: { [uidAnnotation]: uid },
    },
    spec: { parentRef: { name, namespace, resource: 'services' } },
  }
  return encodeStored(address as never)
}

/** Somebody's who is no Service, or not by our hands: kept as it is. */
const stranger: Owner = { namespace: '', name: '', uid: '', foreign: true }

function ownerOf(bytes: Uint8Array): Owner {
  try {
    const { metadata, spec } = JSON.parse(Buffer.from(bytes).toString()) as IPAddress
    const { resource, group, namespace = '', name } = spec.parentRef
    const ours = Object.entries(managedBy).every(([label, by]) => metadata.labels?.[label] === by)
    if (!ours || resource !== 'services' || group) return stranger
    return { namespace, name, uid: metadata.annotations?.[uidAnnotation] ?? '' }
  } catch {
    return stranger
  }
}
