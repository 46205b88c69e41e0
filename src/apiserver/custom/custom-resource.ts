import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '../../api/apiextensions/v1/custom-resource-definition.ts'
import { ageColumn, nameColumn } from '../../api/columns.ts'
import { ObjectMeta } from '../../api/meta/v1/object-meta.ts'
import { valueErrors } from '../../machinery/json-schema.ts'
import { type AnyResource, type Column, resource } from '../../schema/resource.ts'
import { type StructuralSchema, structuralType } from '../../schema/structural.ts'
import type { Conversion } from '../conversion/conversion.ts'
import type { Strategy } from '../registry/strategy.ts'
import { withCommonRules } from '../strategies/strategies.ts'
import { jsonPath } from './json-path.ts'

/** What one version of a CustomResourceDefinition is to the server. */

/** The resource that a version declares. */
export function customResource(
  { spec }: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
): AnyResource {
  const { group, names, scope } = spec
  const { status, scale } = version.subresources ?? {}
  const schema = (version.schema?.openAPIV3Schema ?? {}) as StructuralSchema
  const type = structuralType({ group, version: version.name, kind: names.kind }, schema, ObjectMeta)
  const { labelSelectorPath } = scale ?? {}
  return resource(group, version.name, type, {
    plural: names.plural,
    singular: names.singular || names.kind.toLowerCase(),
    short: names.shortNames ?? [],
    categories: names.categories ?? [],
    namespaced: scope === 'Namespaced',
    status: status !== undefined,
    ...(scale && {
      scale: {
        replicas: scale.specReplicasPath.slice(1),
        statusReplicas: scale.statusReplicasPath.slice(1),
        ...(labelSelectorPath && { selector: labelSelectorPath.slice(1) }),
      },
    }),
    selectableFields: (version.selectableFields ?? []).map(field => field.jsonPath.slice(1)),
    columns: columnsOf(version) as never,
  }) as unknown as AnyResource
}

const columnTypes: Readonly<Record<string, Column<unknown>['type']>> = {
  date: 'date',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
}

function columnsOf({ additionalPrinterColumns }: CustomResourceDefinitionVersion) {
  if (!additionalPrinterColumns?.length) return [nameColumn, ageColumn]
  const own = additionalPrinterColumns.map(({ name, type, jsonPath: path, priority, format }) => {
    const find = jsonPath(path)
    return {
      name,
      type: columnTypes[type] ?? 'string',
      ...(format && { format }),
      priority: priority ? 1 : 0,
      of: (object: unknown) => shown(find?.(object)),
    }
  })
  return [nameColumn, ...own]
}

function shown(value: unknown): string | number | boolean | undefined {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value)
  return (value ?? undefined) as string | number | boolean | undefined
}

/** What its objects have to be. */
export function customStrategy(version: CustomResourceDefinitionVersion): Strategy {
  const { properties, ...rest } = (version.schema?.openAPIV3Schema ?? {}) as StructuralSchema
  const { metadata: _, ...own } = properties ?? {}
  const schema = { ...rest, properties: own }
  return withCommonRules({ generation: true, validate: object => valueErrors(schema, object) })
}

/** Between versions of one definition without a webhook only the name of the version differs. */
export function renaming(stored: string, shownAs: string): Conversion {
  return {
    toStored: object => ({ ...object, apiVersion: stored }),
    fromStored: object => ({ ...object, apiVersion: shownAs }),
    fields: {},
  }
}
