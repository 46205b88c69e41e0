import { type Fields, struct, type TypeOptions } from '../../../schema/schema.ts'

/** Declares types in one OpenAPI package. */
export function typePackage(pkg: string) {
  return { type: <const F extends Fields>(fields: F, options?: TypeOptions) => struct(pkg, fields, options) }
}

export const meta = typePackage('io.k8s.apimachinery.pkg.apis.meta.v1')
export const version = typePackage('io.k8s.apimachinery.pkg.version')
