/** Versions such as `v1.36.0+kobune-0.1.0`: a Kubernetes, and the Kobune that serves it. Both count. */
import { isVersionLabel } from '../config/defaults.ts'

/** Numbers, most important first, with what comes before a release. */
interface Numbers {
  readonly numbers: readonly [number, number, number]
  /** `rc.1`; empty for a release. */
  readonly pre: string
}

export interface Version {
  readonly text: string
  readonly kubernetes: Numbers
  readonly kobune: Numbers
}

const pattern =
  /^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+(?:kobune-(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?|.*))?$/

/** Undefined for what is no version. Of a Kobune that is not named, all numbers are 0. */
export function parseVersion(text: string): Version | undefined {
  const found = pattern.exec(text)
  if (!found) return undefined
  const [, ...parts] = found
  const three = (from: number) => [0, 1, 2].map(i => Number(parts[from + i] ?? 0)) as [number, number, number]
  return {
    text,
    kubernetes: { numbers: three(0), pre: parts[3] ?? '' },
    kobune: { numbers: three(4), pre: parts[7] ?? '' },
  }
}

/** As `parseVersion`. Throws. */
export function versionOf(text: string): Version {
  const version = parseVersion(text)
  if (!version) throw new Error(`${JSON.stringify(text)} is no version such as v1.36.0+kobune-0.1.0`)
  return version
}

/** Below 0 when `a` is the older one. */
export function compareVersions(a: Version, b: Version): number {
  return compareNumbers(a.kubernetes, b.kubernetes) || compareNumbers(a.kobune, b.kobune)
}

function compareNumbers(a: Numbers, b: Numbers): number {
  for (const [i, number] of a.numbers.entries()) if (number !== b.numbers[i]) return number - b.numbers[i]!
  if (a.pre === b.pre) return 0
  // A release comes after all that led to it.
  if (!a.pre || !b.pre) return a.pre ? -1 : 1
  return comparePre(a.pre, b.pre)
}

function comparePre(a: string, b: string): number {
  const [left, right] = [a.split('.'), b.split('.')]
  for (const [i, part] of left.entries()) {
    const other = right[i]
    if (other === undefined) return 1
    if (part === other) continue
    const numbers = /^\d+$/.test(part) && /^\d+$/.test(other)
    return numbers ? Number(part) - Number(other) : part < other ? -1 : 1
  }
  return left.length - right.length
}

/** By how many minor versions of Kubernetes `b` is ahead of `a`; a major version counts as very many. */
export function minorsAhead(a: Version, b: Version): number {
  const [[majorA, minorA], [majorB, minorB]] = [a.kubernetes.numbers, b.kubernetes.numbers]
  return (majorB - majorA) * 1000 + minorB - minorA
}

/**
 * The version to go to, as it is asked for: the whole of it, the Kubernetes alone, the Kobune alone (`0.2.0`), or the
 * name of a channel. It can only be this program's. Throws when it is another one.
 */
export function targetVersion(asked: string | undefined, own: string): string {
  if (!asked || isVersionLabel(asked) || asked === own) return own
  const { kubernetes, kobune } = { kubernetes: own.split('+')[0]!, kobune: own.split('+kobune-')[1]! }
  if ([kubernetes, kubernetes.slice(1), own.slice(1), kobune, `kobune-${kobune}`].includes(asked)) return own
  throw new Error(`this program is ${own}, and upgrades to that; for ${asked}, run the program of that version`)
}

export interface SkewProblem {
  readonly text: string
  /** --force goes on in spite of it. */
  readonly forcible: boolean
}

export interface SkewFacts {
  /** What the cluster is at. */
  readonly current: string
  readonly target: string
  /** Of each node, by its name. */
  readonly kubelets: ReadonlyMap<string, string>
  readonly allowExperimental: boolean
  readonly allowReleaseCandidates: boolean
}

/** How many minor versions a kubelet may be behind. */
const kubeletSkew = 3

/** What speaks against going from one version to another, by Kubernetes' rules. */
export function skewProblems(facts: SkewFacts): readonly SkewProblem[] {
  const [current, target] = [versionOf(facts.current), versionOf(facts.target)]
  const problems: SkewProblem[] = []
  const ahead = minorsAhead(current, target)
  if (ahead > 1) {
    const text = `specified version to upgrade to "${target.text}" is too high; the control plane goes up by 1 minor version at a time`
    problems.push({ text, forcible: true })
  } else if (ahead < 0) {
    const text = `specified version to downgrade to "${target.text}" is too low; ${current.text} is what the cluster is at, and its data may be of a form that an older one does not know`
    problems.push({ text, forcible: true })
  } else if (compareVersions(target, current) < 0) {
    problems.push({ text: `"${target.text}" is older than the cluster's ${current.text}`, forcible: true })
  }
  const unstable = [target.kubernetes.pre, target.kobune.pre].find(Boolean)
  if (unstable && compareVersions(target, current) !== 0) {
    const candidate = unstable.startsWith('rc')
    const allowed = facts.allowExperimental || (candidate && facts.allowReleaseCandidates)
    const flag = candidate ? '--allow-release-candidate-upgrades' : '--allow-experimental-upgrades'
    if (!allowed) problems.push({ text: `"${target.text}" is an unstable version; ${flag} allows it`, forcible: true })
  }
  for (const [node, text] of facts.kubelets) {
    const kubelet = parseVersion(text)
    if (!kubelet) continue
    const behind = minorsAhead(kubelet, target)
    if (behind > kubeletSkew) {
      const why = `the kubelet of ${node} is ${text}, more than ${kubeletSkew} minor versions behind ${target.text}; upgrade it first`
      problems.push({ text: why, forcible: true })
    } else if (behind < 0) {
      problems.push({ text: `the kubelet of ${node} is ${text}, newer than ${target.text}`, forcible: true })
    }
  }
  return problems
}
