import { glob } from 'node:fs/promises'
import { type View, view } from '../../src/schema/view.ts'

const root = new URL('../../src/api/', import.meta.url)

/** Every type that the API declares, by definition name, with those that are only shared scalars. */
export async function declaredTypes(): Promise<Map<string, View>> {
  const types = new Map<string, View>()
  const add = (type: View) => {
    if (type.definition !== undefined) {
      if (types.has(type.definition)) return
      types.set(type.definition, type)
    }
    if (type.element) add(type.element)
    for (const field of type.fields?.values() ?? []) add(field)
  }
  for await (const file of glob('**/*.ts', { cwd: root })) {
    const module = (await import(new URL(file, root).href)) as Record<string, unknown>
    for (const exported of Object.values(module)) {
      // Only declared types have fields and a definition.
      if (typeof exported === 'function' && 'fields' in exported) add(view(exported as never))
    }
  }
  return types
}
