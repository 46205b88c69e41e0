import { statusError } from '../machinery/status-error.ts'

/** The form a client wants its answer in. */
export interface Form {
  readonly media: 'json' | 'yaml'
  /** Objects transformed: a table for people, or their metadata alone. */
  readonly as?: 'Table' | 'PartialObjectMetadata'
  /** Version of meta.k8s.io of the transformed object. */
  readonly metaVersion: 'v1' | 'v1beta1'
  /** Tells forms apart that differ in bytes. */
  readonly key: string
}

export const jsonForm: Form = { media: 'json', metaVersion: 'v1', key: 'json' }

/** Clients use few different Accept headers; anything more than that is not worth remembering. */
const remembered = new Map<string, Form>()

/** The first form in an Accept header that this server can give. */
export function negotiate(accept: string | undefined): Form {
  if (!accept || accept === 'application/json') return jsonForm
  const known = remembered.get(accept)
  if (known) return known
  for (const range of byQuality(accept)) {
    const form = formOf(range)
    if (!form) continue
    if (remembered.size < 256) remembered.set(accept, form)
    return form
  }
  throw statusError('NotAcceptable', 'only the following media types are accepted: application/json, application/yaml')
}

interface MediaRange {
  readonly type: string
  readonly params: ReadonlyMap<string, string>
}

function byQuality(accept: string): MediaRange[] {
  const ranges = accept.split(',').map(text => {
    const [type, ...params] = text.split(';').map(part => part.trim())
    return { type: type!.toLowerCase(), params: new Map(params.map(split)) }
  })
  const quality = ({ params }: MediaRange) => Number(params.get('q') ?? 1)
  return ranges.filter(range => quality(range) > 0).sort((a, b) => quality(b) - quality(a))
}

function split(param: string): [string, string] {
  const at = param.indexOf('=')
  return at < 0 ? [param, ''] : [param.slice(0, at), param.slice(at + 1)]
}

const media: Readonly<Record<string, Form['media']>> = {
  'application/json': 'json',
  'application/*': 'json',
  '*/*': 'json',
  'application/yaml': 'yaml',
}

function formOf({ type, params }: MediaRange): Form | undefined {
  const found = media[type]
  if (!found) return undefined
  const as = params.get('as')
  if (!as) return { media: found, metaVersion: 'v1', key: found }
  const metaVersion = params.get('v')
  if (params.get('g') !== 'meta.k8s.io' || (metaVersion !== 'v1' && metaVersion !== 'v1beta1')) return undefined
  const kind = as.replace(/List$/, '')
  if (kind !== 'Table' && kind !== 'PartialObjectMetadata') return undefined
  return { media: found, as: kind, metaVersion, key: `${found};${kind};${metaVersion}` }
}
