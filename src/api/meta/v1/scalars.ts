import { named } from '../../../schema/schema.ts'

const metaV1 = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const apiextensionsV1 = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1'

/** RFC 3339 with seconds. */
export const time = () => named<string>(`${metaV1}.Time`, { type: 'string', format: 'date-time' })
/** RFC 3339 with microseconds. */
export const microTime = () => named<string>(`${metaV1}.MicroTime`, { type: 'string', format: 'date-time' })
/** `100m`, `1Gi`; kept as a string, a bare number is taken too. */
export const quantity = () => named<string>('io.k8s.apimachinery.pkg.api.resource.Quantity', { type: 'string' })
export const intOrString = () =>
  named<number | string>('io.k8s.apimachinery.pkg.util.intstr.IntOrString', { type: 'string', format: 'int-or-string' })
export const fieldsV1 = () =>
  named<Readonly<Record<string, unknown>>>(`${metaV1}.FieldsV1`, { type: 'object', open: true })
export const patch = () => named<unknown>(`${metaV1}.Patch`, { type: 'object', open: true })
/** An object of any kind, kept as it came. */
export const rawExtension = () =>
  named<Readonly<Record<string, unknown>>>('io.k8s.apimachinery.pkg.runtime.RawExtension', {
    type: 'object',
    open: true,
  })
export const anyJson = () => named<unknown>(`${apiextensionsV1}.JSON`, { open: true })
export const schemaOrArray = () => named<unknown>(`${apiextensionsV1}.JSONSchemaPropsOrArray`, { open: true })
export const schemaOrBool = () => named<unknown>(`${apiextensionsV1}.JSONSchemaPropsOrBool`, { open: true })
export const schemaOrStringArray = () =>
  named<unknown>(`${apiextensionsV1}.JSONSchemaPropsOrStringArray`, { open: true })
