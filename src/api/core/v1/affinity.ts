import { atomicList, int32, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'
import { NodeSelector, NodeSelectorTerm } from './node-selector.ts'

export class PreferredSchedulingTerm extends core.type({
  preference: required(NodeSelectorTerm),
  weight: required(int32()),
}) {}

export class NodeAffinity extends core.type({
  preferredDuringSchedulingIgnoredDuringExecution: atomicList(PreferredSchedulingTerm),
  requiredDuringSchedulingIgnoredDuringExecution: NodeSelector,
}) {}

export class PodAffinityTerm extends core.type({
  labelSelector: LabelSelector,
  matchLabelKeys: atomicList(string()),
  mismatchLabelKeys: atomicList(string()),
  namespaceSelector: LabelSelector,
  namespaces: atomicList(string()),
  topologyKey: required(string()),
}) {}

export class WeightedPodAffinityTerm extends core.type({
  podAffinityTerm: required(PodAffinityTerm),
  weight: required(int32()),
}) {}

export class PodAffinity extends core.type({
  preferredDuringSchedulingIgnoredDuringExecution: atomicList(WeightedPodAffinityTerm),
  requiredDuringSchedulingIgnoredDuringExecution: atomicList(PodAffinityTerm),
}) {}

export class PodAntiAffinity extends core.type({
  preferredDuringSchedulingIgnoredDuringExecution: atomicList(WeightedPodAffinityTerm),
  requiredDuringSchedulingIgnoredDuringExecution: atomicList(PodAffinityTerm),
}) {}

export class Affinity extends core.type({
  nodeAffinity: NodeAffinity,
  podAffinity: PodAffinity,
  podAntiAffinity: PodAntiAffinity,
}) {}
