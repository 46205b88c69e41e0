/** The order in which authorities are replaced: at no moment does anybody distrust what another one uses. */

/** As people call them. `sa` signs the tokens of service accounts and is a mere pair of keys. */
export const rotationNames = ['ca', 'etcd-ca', 'front-proxy-ca', 'sa'] as const
export type RotationName = (typeof rotationNames)[number]

/**
 * `trust`: all trust old and new. `issue`: the new ones sign, and all certificates but those that API servers show are
 * new. `nodes`: kubelets get theirs, and pods new tokens. `serve`: API servers show new ones. `drop`: nobody trusts the
 * old. `restart-etcd <node>`: a member reads whom it trusts, which it does at its start only.
 */
export type StepName = 'trust' | 'issue' | 'nodes' | 'serve' | 'drop' | 'restart-etcd'

/** In the folder of etcd's certificates while its member is restarted: the API server beside it lets requests wait. */
export const restartingFile = 'restarting'

export interface Step {
  readonly name: StepName
  /** The only node that has to do it; absent: all. */
  readonly node?: string
}

const does: Readonly<Record<StepName, string>> = {
  trust: 'all nodes trust the old and the new',
  issue: 'the new sign; control plane machines get new certificates',
  nodes: 'kubelets get new certificates, pods new tokens',
  serve: 'API servers show new certificates; copies of old kubeconfigs end here',
  drop: 'nobody trusts the old any more',
  'restart-etcd': 'etcd reads whom it trusts',
}

/** The steps for some authorities; `members`: nodes with a member of etcd. */
export function stepsFor(which: readonly RotationName[], members: readonly string[]): readonly Step[] {
  const has = (...names: readonly RotationName[]) => names.some(name => which.includes(name))
  const restarts = has('etcd-ca') ? members.map(node => ({ name: 'restart-etcd', node }) as const) : []
  return [
    { name: 'trust' },
    ...restarts,
    { name: 'issue' },
    ...(has('ca', 'sa') ? [{ name: 'nodes' } as const] : []),
    ...(has('ca') ? [{ name: 'serve' } as const] : []),
    { name: 'drop' },
    ...restarts,
  ]
}

export const stepText = ({ name, node }: Step) => (node ? `${name} ${node}` : name)
export const stepTitle = (step: Step) => `${stepText(step)}: ${does[step.name]}`

/** The opposite of `stepText`. */
export function readStep(text: string): Step {
  const [name = '', node] = text.split(' ')
  if (!Object.hasOwn(does, name)) throw new Error(`a step ${JSON.stringify(name)} is not known: is this program older?`)
  return { name: name as StepName, ...(node && { node }) }
}
