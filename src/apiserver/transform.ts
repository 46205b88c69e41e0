import type { KubernetesObject } from '../api/group-version.ts'
import { badRequest } from '../machinery/status-error.ts'
import type { ChangeType } from './cache/watch-event.ts'
import { bookmarkObject, type Frames } from './frames.ts'
import { listMeta } from './list-meta.ts'
import type { Form } from './negotiation.ts'
import type { Answer } from './registry/api-request.ts'
import type { Served } from './registry/served.ts'
import { cell, columnDefinition, columnsOf } from './table.ts'

type Param = (name: string) => string | undefined
type Plain = Exclude<Answer, { type: 'watch' }>

/** An answer in another form than the objects' own JSON. */
export async function transformed(answer: Plain, form: Form, param: Param): Promise<Buffer> {
  const value = shownValue(answer, form, param)
  if (form.media === 'json') return Buffer.from(JSON.stringify(value))
  const { stringify } = await import('yaml')
  return Buffer.from(stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }))
}

function shownValue(answer: Plain, form: Form, param: Param): unknown {
  const { served } = answer
  if (answer.type === 'list') {
    const objects = answer.entries.map(entry => entry.object)
    const meta = listMeta(answer)
    if (form.as === 'Table') return table(answer.served, form, param, objects, meta)
    if (form.as)
      return { ...partialKind(form, 'List'), metadata: meta, items: objects.map(object => partial(object, form)) }
    const { kind, apiVersion } = answer.served.resource
    return { kind: `${kind}List`, apiVersion, metadata: meta, items: objects }
  }
  const object = (answer.type === 'entry' ? answer.entry.object : answer.object) as KubernetesObject
  if (!form.as || !served || object.kind === 'Status') return object
  if (form.as === 'Table')
    return table(served, form, param, [object], { resourceVersion: object.metadata.resourceVersion })
  return partial(object, form)
}

const partialKind = ({ metaVersion }: Form, suffix = '') => ({
  kind: `PartialObjectMetadata${suffix}`,
  apiVersion: `meta.k8s.io/${metaVersion}`,
})

function partial(object: KubernetesObject, form: Form) {
  return { ...partialKind(form), metadata: object.metadata }
}

function table(served: Served, form: Form, param: Param, objects: readonly KubernetesObject[], metadata: object) {
  const include = param('includeObject') || 'Metadata'
  if (!['None', 'Metadata', 'Object'].includes(include))
    throw badRequest(`unrecognized includeObject value: ${JSON.stringify(include)}`)
  const columns = columnsOf(served.resource)
  const now = Date.now()
  const rows = objects.map(object => ({
    cells: columns.map(column => cell(column, object, now)),
    ...(include !== 'None' && { object: include === 'Object' ? object : partial(object, form) }),
  }))
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${form.metaVersion}`,
    metadata,
    columnDefinitions: columns.map(columnDefinition),
    rows,
  }
}

/** The frames of a watch whose objects are tables or metadata. */
export function transformedFrames(served: Served, form: Form, param: Param): Frames {
  const key = `${form.key};${served.resource.apiVersion};${param('includeObject') ?? ''}`
  const frame = (type: string, object: unknown) => Buffer.from(`${JSON.stringify({ type, object })}\n`)
  const show = (object: KubernetesObject) =>
    form.as === 'Table'
      ? table(served, form, param, [object], { resourceVersion: object.metadata.resourceVersion })
      : partial(object, form)
  return {
    change: (type: ChangeType, change) =>
      change.frame(`${type};${key}`, () => frame(type, show(change.shown(type).object))),
    bookmark(revision, end) {
      const { metadata } = bookmarkObject(served.resource, revision, end)
      if (form.as === 'Table') return frame('BOOKMARK', { ...table(served, form, param, [], metadata), rows: [] })
      return frame('BOOKMARK', { ...partialKind(form), metadata })
    },
  }
}
