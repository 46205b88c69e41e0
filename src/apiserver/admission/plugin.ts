import type { Admission, Operation } from '../admission.ts'

/** One rule of admission. Only asked for the operations and resources that it names. */
export interface Plugin extends Partial<Admission> {
  /** As upstream names it. */
  readonly name: string
  readonly operations: readonly Operation['operation'][]
  /** `group/plural` (`/pods`), with a subresource `/pods/status`; absent: everything but subresources. */
  readonly resources?: readonly string[]
}

interface Steps {
  readonly mutate: readonly Plugin[]
  readonly validate: readonly Plugin[]
}

/** Plugins one after the other as one. */
export function chain(plugins: readonly Plugin[]): Admission {
  const known = new Map<string, Steps>()
  function stepsFor({ operation, resource, subresource }: Operation): Steps {
    const where = `${resource.group}/${resource.plural}${subresource && `/${subresource}`}`
    const key = `${operation} ${where}`
    let steps = known.get(key)
    if (!steps) {
      const asked = plugins.filter(
        one => one.operations.includes(operation) && (one.resources ? one.resources.includes(where) : !subresource),
      )
      steps = { mutate: asked.filter(one => one.mutate), validate: asked.filter(one => one.validate) }
      known.set(key, steps)
    }
    return steps
  }
  return {
    mutate: operation => run(stepsFor(operation).mutate, 'mutate', operation, 0),
    validate: operation => run(stepsFor(operation).validate, 'validate', operation, 0),
  }
}

/** In turn, waiting only for those that have to be waited for. */
function run(
  plugins: readonly Plugin[],
  step: 'mutate' | 'validate',
  operation: Operation,
  start: number,
): void | Promise<void> {
  for (let i = start; i < plugins.length; i += 1) {
    const pending = plugins[i]![step]!(operation)
    if (pending) return pending.then(() => run(plugins, step, operation, i + 1))
  }
}
