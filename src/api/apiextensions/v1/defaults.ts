/** The singular and list names follow the kind where they are not given. */
export function fillCustomResourceDefinitionSpec(spec: Record<string, unknown>): void {
  const names = spec.names as { kind?: string; singular?: string; listKind?: string } | undefined
  if (!names?.kind) return
  names.singular ||= names.kind.toLowerCase()
  names.listKind ||= `${names.kind}List`
}
