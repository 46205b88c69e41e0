import type { AnyResource } from './resource.ts'
import type { Node } from './schema.ts'
import { type View, view } from './view.ts'

/** Swagger 2 (`/openapi/v2`) or OpenAPI 3 (`/openapi/v3/...`). */
export type OpenApiVersion = 'v2' | 'v3'
/** A JSON Schema object, as OpenAPI writes it. */
export type OpenApiSchema = Readonly<Record<string, unknown>>

const places = { v2: '#/definitions/', v3: '#/components/schemas/' }

/** The definitions of these types and of every type they are made of, by full name. */
export function openApiDefinitions(types: Iterable<View>, version: OpenApiVersion): Map<string, OpenApiSchema> {
  const definitions = new Map<string, OpenApiSchema>()
  const add = (type: View) => {
    if (type.definition !== undefined) {
      if (definitions.has(type.definition)) return
      definitions.set(type.definition, openApiDefinition(type, version))
    }
    if (type.element) add(type.element)
    for (const field of type.fields?.values() ?? []) add(field)
  }
  for (const type of types) add(type)
  return definitions
}

/** The definition of one type. */
export function openApiDefinition(type: View, version: OpenApiVersion): OpenApiSchema {
  if (!type.fields) return namedScalar(type, version)
  const { kind, group, version: of, unions, mapType } = type.options ?? {}
  const properties = Object.fromEntries([...type.fields].map(([name, field]) => [name, property(field, version)]))
  const required = [...type.fields].filter(([, field]) => field.isRequired).map(([name]) => name)
  const isKind = kind && of !== undefined
  return {
    ...(type.fields.size > 0 && { properties }),
    ...(required.length > 0 && { required }),
    type: 'object',
    ...(isKind && { 'x-kubernetes-group-version-kind': [{ group: group ?? '', kind: kindOf(type), version: of }] }),
    ...(mapType && { 'x-kubernetes-map-type': mapType }),
    ...(unions && { 'x-kubernetes-unions': unions }),
  }
}

const kindOf = (type: View) => type.definition!.slice(type.definition!.lastIndexOf('.') + 1)

/** The definition of the list of a resource's objects: its name, and what it says. */
export function openApiListDefinition(
  resource: AnyResource,
  listMeta: View,
  version: OpenApiVersion,
): readonly [name: string, definition: OpenApiSchema] {
  const element = view(resource.type)
  const items = {
    ...(version === 'v3' ? wrapped(reference(element, version), { default: {} }) : reference(element, version)),
  }
  return [
    `${element.definition}List`,
    {
      properties: {
        apiVersion: { type: 'string' },
        items: { items, type: 'array' },
        kind: { type: 'string' },
        metadata:
          version === 'v3' ? wrapped(reference(listMeta, version), { default: {} }) : reference(listMeta, version),
      },
      required: ['items'],
      type: 'object',
      'x-kubernetes-group-version-kind': [
        { group: resource.group, kind: `${resource.kind}List`, version: resource.version },
      ],
    },
  ]
}

/** What OpenAPI 3 can say of a scalar that has two types. */
const alternatives: Readonly<Record<string, readonly string[]>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': ['string', 'number'],
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': ['integer', 'string'],
}

function namedScalar({ node, definition = '' }: View, version: OpenApiVersion): OpenApiSchema {
  const several = version === 'v3' ? alternatives[definition] : undefined
  const format = node.format && { format: node.format }
  if (several) return { ...format, oneOf: several.map(type => ({ type })) }
  return { ...(node.type && { type: node.type }), ...format }
}

const reference = (type: View, version: OpenApiVersion) => ({ $ref: places[version] + type.definition })
/** OpenAPI 3 allows nothing beside a reference, so what a field adds is said around it. */
const wrapped = (ref: OpenApiSchema, more: OpenApiSchema): OpenApiSchema => ({ allOf: [ref], ...more })

/** What a field says of itself, as opposed to its type: how it is merged. */
function extensions(node: Node): OpenApiSchema {
  return {
    ...(node.list && { 'x-kubernetes-list-type': node.list }),
    ...(node.keys && { 'x-kubernetes-list-map-keys': node.keys }),
    ...(node.patchStrategy && { 'x-kubernetes-patch-strategy': node.patchStrategy }),
    ...(node.patchMergeKey && { 'x-kubernetes-patch-merge-key': node.patchMergeKey }),
  }
}

/** OpenAPI 3 tells defaults; of what Go cannot leave out (elements, required scalars) that is the zero value. */
function defaultOf(field: View, isElement: boolean): OpenApiSchema | undefined {
  const { node } = field
  if (node.default !== undefined) return { default: node.default }
  if (field.fields) return isElement || field.presence === 'always' ? { default: {} } : undefined
  if (field.definition !== undefined || field.many || !(isElement || field.isRequired)) return undefined
  const zero = zeros[node.type ?? '']
  return zero === undefined || node.format === 'byte' ? undefined : { default: zero }
}

const zeros: Readonly<Record<string, unknown>> = { string: '', integer: 0, number: 0, boolean: false }

function property(field: View, version: OpenApiVersion, isElement = false): OpenApiSchema {
  const { node } = field
  // A reference repeats nothing its type says of itself.
  const { mapType } = node
  const differs = field.definition !== undefined && mapType && mapType !== field.options?.mapType
  const more = {
    ...extensions(node),
    ...(differs && { 'x-kubernetes-map-type': mapType }),
    ...(version === 'v3' && defaultOf(field, isElement)),
  }
  if (field.definition !== undefined) {
    const ref = reference(field, version)
    return version === 'v3' && Object.keys(more).length > 0 ? wrapped(ref, more) : { ...ref, ...more }
  }
  const facts = {
    ...(node.type && { type: node.type }),
    ...(node.format && { format: node.format }),
    ...(node.enum && version === 'v3' && { enum: node.enum }),
    ...(node.mapType && { 'x-kubernetes-map-type': node.mapType }),
    ...(field.options?.custom && openApiDefinition(field, version)),
    ...(field.options?.custom && node.open && { 'x-kubernetes-preserve-unknown-fields': true }),
    ...more,
  }
  if (!field.element) return facts
  const element = property(field.element, version, true)
  return field.many === 'list' ? { ...facts, items: element } : { ...facts, additionalProperties: element }
}
