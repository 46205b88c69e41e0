import { always, atomicList, dflt, int32, required, string } from '../../../schema/schema.ts'
import { ageColumn, nameColumn, selectorText, text } from '../../columns.ts'
import { networking } from '../../group-version.ts'
import { LabelSelector } from '../../meta/v1/label-selector.ts'
import { intOrString } from '../../meta/v1/scalars.ts'
import { fillNetworkPolicySpec } from './defaults.ts'

export class IPBlock extends networking.type({
  cidr: required(string()),
  except: atomicList(string()),
}) {}

export class NetworkPolicyPeer extends networking.type({
  ipBlock: IPBlock,
  namespaceSelector: LabelSelector,
  podSelector: LabelSelector,
}) {}

export class NetworkPolicyPort extends networking.type({
  endPort: int32(),
  port: intOrString(),
  protocol: dflt(string(), 'TCP'),
}) {}

export class NetworkPolicyEgressRule extends networking.type({
  ports: atomicList(NetworkPolicyPort),
  to: atomicList(NetworkPolicyPeer),
}) {}

export class NetworkPolicyIngressRule extends networking.type({
  from: atomicList(NetworkPolicyPeer),
  ports: atomicList(NetworkPolicyPort),
}) {}

export class NetworkPolicySpec extends networking.type(
  {
    egress: atomicList(NetworkPolicyEgressRule),
    ingress: atomicList(NetworkPolicyIngressRule),
    podSelector: LabelSelector,
    policyTypes: atomicList(string()),
  },
  { fill: fillNetworkPolicySpec },
) {}

export class NetworkPolicy extends networking.object({
  spec: always(NetworkPolicySpec),
}) {}

export const networkPolicies = networking.resource(NetworkPolicy, {
  plural: 'networkpolicies',
  short: ['netpol'],
  namespaced: true,
  columns: [nameColumn, text('Pod-Selector', ({ spec }) => selectorText(spec.podSelector)), ageColumn],
})
