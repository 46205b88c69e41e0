import type {
  CustomResourceDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
} from '../../api/apiextensions/v1/custom-resource-definition.ts'
import { type FieldError, fieldInvalid, fieldRequired } from '../../machinery/field-error.ts'
import { dns1035Label, dnsSubdomain } from '../../machinery/names.ts'
import type { Draft, Strategy } from '../registry/strategy.ts'
import { type Errors, each, immutable, named, none, oneOf } from '../validation/rules.ts'
import { validateStructure } from '../validation/structural-schema.ts'

/** Holds a definition until its objects are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io'

/** A name made of plural and group, one storage version, and structural schemas. */
export const customResourceDefinitionStrategy: Strategy<CustomResourceDefinition> = {
  generation: true,
  prepareCreate(definition) {
    rememberStorageVersion(definition)
    const { finalizers = [] } = definition.metadata
    if (!finalizers.includes(cleanupFinalizer)) definition.metadata.finalizers = [...finalizers, cleanupFinalizer]
  },
  prepareUpdate: rememberStorageVersion,
  validate({ metadata, spec }) {
    if (!spec) return none
    const { plural } = spec.names ?? {}
    const name = `${plural}.${spec.group}`
    return [
      ...(metadata.name === name
        ? none
        : [fieldInvalid('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group')]),
      ...validateSpec(spec),
    ]
  },
  validateUpdate: ({ spec }, old) => [
    ...immutable(spec.group, old.spec.group, 'spec.group'),
    ...immutable(spec.scope, old.spec.scope, 'spec.scope'),
    ...immutable(spec.names.kind, old.spec.names.kind, 'spec.names.kind'),
    ...immutable(spec.names.plural, old.spec.names.plural, 'spec.names.plural'),
  ],
}

/** Objects may be stored in every version that ever was the storage version. */
function rememberStorageVersion({ spec, status }: Draft<CustomResourceDefinition>): void {
  const stored = spec?.versions?.find(version => version.storage)?.name
  if (stored === undefined || status.storedVersions?.includes(stored)) return
  status.storedVersions = [...(status.storedVersions ?? []), stored]
}

function validateSpec({ group, scope, names, versions = [] }: CustomResourceDefinitionSpec): Errors {
  const errors: FieldError[] = [
    ...named(group || undefined, 'spec.group', dnsSubdomain),
    ...oneOf(scope || undefined, 'spec.scope', ['Cluster', 'Namespaced']),
  ]
  if (group && !group.includes('.')) {
    errors.push(fieldInvalid('spec.group', group, 'should be a domain with at least one dot'))
  }
  for (const field of ['plural', 'singular'] as const) {
    errors.push(...named(names?.[field] || undefined, `spec.names.${field}`, dns1035Label))
  }
  errors.push(...named(names?.kind?.toLowerCase() || undefined, 'spec.names.kind', dns1035Label))
  errors.push(...each(names?.shortNames, 'spec.names.shortNames', (name, at) => named(name, at, dns1035Label)))
  const shown = versions.map(version => version.name)
  if (new Set(shown).size < shown.length) {
    errors.push(fieldInvalid('spec.versions', shown, 'must contain unique version names'))
  }
  if (versions.filter(version => version.storage).length !== 1) {
    errors.push(fieldInvalid('spec.versions', shown, 'must have exactly one version marked as storage version'))
  }
  return [...errors, ...each(versions, 'spec.versions', validateVersion)]
}

function validateVersion({ name, schema }: CustomResourceDefinitionVersion, path: string): Errors {
  const root = schema?.openAPIV3Schema
  const at = `${path}.schema.openAPIV3Schema`
  return [
    ...named(name || undefined, `${path}.name`, dns1035Label),
    ...(root ? validateStructure(root, at) : [fieldRequired(at, 'schemas are required')]),
  ]
}
