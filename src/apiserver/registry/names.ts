import type { KubernetesObject } from '../../api/group-version.ts'
import { type FieldError, fieldInvalid, fieldRequired } from '../../machinery/field-error.ts'
import { dns1035Label, dnsLabel, dnsSubdomain, type NameRule, pathSegment } from '../../machinery/names.ts'
import type { Served } from './served.ts'

const rules: Readonly<Record<'subdomain' | 'label' | 'label1035' | 'path', NameRule>> = {
  subdomain: dnsSubdomain,
  label: dnsLabel,
  label1035: dns1035Label,
  path: pathSegment,
}

/** What is wrong with the name of a new object. */
export function checkName(
  { strategy }: Pick<Served, 'strategy'>,
  metadata: KubernetesObject['metadata'],
): readonly FieldError[] {
  const { name } = metadata
  if (!name) return [fieldRequired('metadata.name', 'name or generateName is required')]
  return rules[strategy.name ?? 'subdomain'](name).map(why => fieldInvalid('metadata.name', name, why))
}
