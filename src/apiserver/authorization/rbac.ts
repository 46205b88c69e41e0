import type { Attributes, Authorizer, Decision, Rules } from '../authorizer.ts'
import type { Lister } from '../lister.ts'
import type { User } from '../user.ts'
import { type Grant, grantsFrom, roleKinds } from './grants.ts'
import { pathMatches, ruleMatches } from './rule.ts'

/** What is known of one verb on one resource: allowed for every object, or for some names only. */
interface Verdict {
  readonly all?: Decision
  readonly names?: ReadonlyMap<string, Decision>
  readonly no: Decision
}

/** What one user holds; made when they first ask, dropped when any role or binding changes. */
interface Held {
  readonly cluster: readonly Grant[]
  readonly namespaced: Map<string, readonly Grant[]>
  readonly verdicts: Map<string, Verdict>
}

const mostUsers = 1024
const mostVerdicts = 2048

/** Role based access control over the roles and bindings in the caches. Answers at once, once they are loaded. */
export class Rbac implements Authorizer {
  readonly #lister: Lister
  readonly #grants: ReturnType<typeof grantsFrom>
  #following = false
  #byObject = new WeakMap<User, Held>()
  readonly #byName = new Map<string, Held>()

  constructor(lister: Lister) {
    this.#lister = lister
    this.#grants = grantsFrom(lister)
  }

  authorize(attributes: Attributes): Decision | Promise<Decision> {
    if (this.#following) return this.#decide(attributes)
    return this.#start().then(() => this.#decide(attributes))
  }

  async rules(user: User, namespace: string): Promise<Rules> {
    await this.#start()
    const held = this.#heldBy(user)
    const all = [...held.cluster, ...this.#inNamespace(held, user, namespace)]
    const rules = all.flatMap(grant => grant.rules)
    const missing = all.filter(grant => grant.missing).map(grant => grant.by)
    return {
      resourceRules: rules
        .filter(rule => rule.resources?.length)
        .map(({ verbs, apiGroups, resources, resourceNames }) => ({
          verbs,
          ...(apiGroups && { apiGroups }),
          ...(resources && { resources }),
          ...(resourceNames && { resourceNames }),
        })),
      nonResourceRules: rules
        .filter(rule => rule.nonResourceURLs?.length)
        .map(({ verbs, nonResourceURLs }) => ({ verbs, ...(nonResourceURLs && { nonResourceURLs }) })),
      incomplete: missing.length > 0,
      ...(missing.length > 0 && { evaluationError: joined(missing) }),
    }
  }

  async #start(): Promise<void> {
    await this.#lister.ready(roleKinds)
    if (this.#following) return
    this.#following = true
    for (const kind of roleKinds) this.#lister.follow(kind, () => this.#forget())
  }

  #forget(): void {
    this.#grants.forget()
    this.#byObject = new WeakMap()
    this.#byName.clear()
  }

  #decide(attributes: Attributes): Decision {
    const { user, verb, path, resource, group = '', subresource = '', namespace = '', name } = attributes
    const held = this.#heldBy(user)
    // No two requests share a key: of what they say only names and namespaces can have blanks. Reviews say anything.
    const key =
      resource === undefined ? `path:${verb} ${path}` : `${verb} ${group} ${resource} ${subresource} ${namespace}`
    let verdict = held.verdicts.get(key)
    if (!verdict) {
      verdict = this.#judge(held, attributes)
      if (held.verdicts.size >= mostVerdicts) held.verdicts.clear()
      held.verdicts.set(key, verdict)
    }
    return verdict.all ?? (name === undefined ? undefined : verdict.names?.get(name)) ?? verdict.no
  }

  #judge(held: Held, attributes: Attributes): Verdict {
    const { user, verb, path, resource, group = '', subresource = '', namespace } = attributes
    const grants = namespace ? [...held.cluster, ...this.#inNamespace(held, user, namespace)] : held.cluster
    const target = resource === undefined ? undefined : { verb, group, resource, subresource }
    const names = new Map<string, Decision>()
    const missing = grants.filter(grant => grant.missing).map(grant => grant.by)
    const no = { allowed: false, reason: missing.length > 0 ? `RBAC: ${joined(missing)}` : '' }
    for (const { rules, by } of grants) {
      const yes = { allowed: true, reason: `RBAC: allowed by ${by}` }
      for (const rule of rules) {
        if (!(target ? ruleMatches(rule, target) : pathMatches(rule, verb, path))) continue
        if (!target || !rule.resourceNames?.length) return { all: yes, no }
        for (const name of rule.resourceNames) if (!names.has(name)) names.set(name, yes)
      }
    }
    return names.size > 0 ? { names, no } : { no }
  }

  #heldBy(user: User): Held {
    const known = this.#byObject.get(user)
    if (known) return known
    const id = JSON.stringify([user.name, ...user.groups])
    let held = this.#byName.get(id)
    if (!held) {
      held = { cluster: this.#grants.cluster(user), namespaced: new Map(), verdicts: new Map() }
      if (this.#byName.size >= mostUsers) this.#byName.clear()
      this.#byName.set(id, held)
    }
    this.#byObject.set(user, held)
    return held
  }

  #inNamespace(held: Held, user: User, namespace: string): readonly Grant[] {
    let grants = held.namespaced.get(namespace)
    if (!grants) {
      if (held.namespaced.size >= mostVerdicts) held.namespaced.clear()
      held.namespaced.set(namespace, (grants = this.#grants.namespaced(user, namespace)))
    }
    return grants
  }
}

const joined = (texts: readonly string[]) => (texts.length === 1 ? texts[0]! : `[${[...new Set(texts)].join(', ')}]`)
