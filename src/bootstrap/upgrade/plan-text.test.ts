import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { UpgradePlan } from './plan.ts'
import { planText } from './plan-text.ts'

const [old, target] = ['v1.36.0+kobune-0.1.0', 'v1.36.0+kobune-0.2.0']
const plan: UpgradePlan = {
  kind: 'UpgradePlan',
  apiVersion: 'output.kubeadm.k8s.io/v1alpha3',
  availableUpgrades: [
    {
      description: 'version in the v1.36 series',
      components: [
        { name: 'kubelet', nodeName: 'cp1', currentVersion: old, newVersion: target },
        { name: 'kube-apiserver', nodeName: 'cp1', currentVersion: old, newVersion: target },
        { name: 'kube-controller-manager', nodeName: 'cp1', currentVersion: old, newVersion: target },
        { name: 'kube-scheduler', nodeName: 'cp1', currentVersion: old, newVersion: target },
        { name: 'kube-proxy', currentVersion: old, newVersion: target },
        { name: 'CoreDNS', currentVersion: old, newVersion: target },
        { name: 'etcd', nodeName: 'cp1', currentVersion: '3.4.23', newVersion: '3.5.16' },
      ],
    },
  ],
  configVersions: [
    {
      group: 'kubelet.config.k8s.io',
      currentVersion: 'v1beta1',
      preferredVersion: 'v1beta1',
      manualUpgradeRequired: false,
    },
  ],
}

test("the tables are kubeadm's", () => {
  assert.equal(
    planText(plan, { target }),
    `Components that must be upgraded manually after you have upgraded the control plane with 'kobune upgrade apply':
COMPONENT   NODE      CURRENT                TARGET
kubelet     cp1       v1.36.0+kobune-0.1.0   v1.36.0+kobune-0.2.0

Upgrade to the latest version in the v1.36 series:

COMPONENT                 NODE      CURRENT                TARGET
kube-apiserver            cp1       v1.36.0+kobune-0.1.0   v1.36.0+kobune-0.2.0
kube-controller-manager   cp1       v1.36.0+kobune-0.1.0   v1.36.0+kobune-0.2.0
kube-scheduler            cp1       v1.36.0+kobune-0.1.0   v1.36.0+kobune-0.2.0
kube-proxy                          v1.36.0+kobune-0.1.0   v1.36.0+kobune-0.2.0
CoreDNS                             v1.36.0+kobune-0.1.0   v1.36.0+kobune-0.2.0
etcd                      cp1       3.4.23                 3.5.16

You can now apply the upgrade by executing the following command:

\tkobune upgrade apply v1.36.0+kobune-0.2.0

_____________________________________________________________________


The table below shows the current state of component configs as understood by this version of kobune.
Configs that have a "yes" mark in the "MANUAL UPGRADE REQUIRED" column require manual config upgrade or
resetting to kobune defaults before a successful upgrade can be performed. The version to manually
upgrade to is denoted in the "PREFERRED VERSION" column.

API GROUP               CURRENT VERSION   PREFERRED VERSION   MANUAL UPGRADE REQUIRED
kubelet.config.k8s.io   v1beta1           v1beta1             no
_____________________________________________________________________
`,
  )
})

test('nothing to do is said in one line', () => {
  assert.equal(planText({ ...plan, availableUpgrades: [] }, { target }), "Awesome, you're up-to-date! Enjoy!")
})
