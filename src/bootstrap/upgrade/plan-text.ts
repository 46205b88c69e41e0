/** A plan as kubeadm prints it for people: scripts read these tables, too. */
import { tabTable } from '../../base/tab-table.ts'
import type { ComponentPlan, ConfigVersion, UpgradePlan } from './plan.ts'

const columns = { least: 10, padding: 3 }
const line = '_____________________________________________________________________'

export interface PlanTextOptions {
  /** What the plan leads to, for the command that does it. */
  readonly target: string
}

export function planText({ availableUpgrades, configVersions }: UpgradePlan, { target }: PlanTextOptions): string {
  if (availableUpgrades.length === 0) return "Awesome, you're up-to-date! Enjoy!"
  const upgrades = availableUpgrades.flatMap(({ description, components }) => {
    const byHand = components.filter(
      ({ name, currentVersion, newVersion }) => name === 'kubelet' && currentVersion !== newVersion,
    )
    return [
      ...(byHand.length
        ? [
            "Components that must be upgraded manually after you have upgraded the control plane with 'kobune upgrade apply':",
            componentTable(byHand),
            '',
          ]
        : []),
      `Upgrade to the latest ${description}:`,
      '',
      componentTable(components.filter(({ name }) => name !== 'kubelet')),
      '',
      'You can now apply the upgrade by executing the following command:',
      '',
      `\tkobune upgrade apply ${target}`,
      '',
      line,
      '',
    ]
  })
  return [...upgrades, '', ...configText(configVersions)].join('\n')
}

function componentTable(components: readonly ComponentPlan[]): string {
  return tabTable(
    [
      ['COMPONENT', 'NODE', 'CURRENT', 'TARGET'],
      ...components.map(({ name, nodeName, currentVersion, newVersion }) => [
        name,
        nodeName ?? '',
        currentVersion,
        newVersion,
      ]),
    ],
    columns,
  )
}

function configText(versions: readonly ConfigVersion[]): readonly string[] {
  return [
    'The table below shows the current state of component configs as understood by this version of kobune.',
    'Configs that have a "yes" mark in the "MANUAL UPGRADE REQUIRED" column require manual config upgrade or',
    'resetting to kobune defaults before a successful upgrade can be performed. The version to manually',
    'upgrade to is denoted in the "PREFERRED VERSION" column.',
    '',
    tabTable(
      [
        ['API GROUP', 'CURRENT VERSION', 'PREFERRED VERSION', 'MANUAL UPGRADE REQUIRED'],
        ...versions.map(({ group, currentVersion, preferredVersion, manualUpgradeRequired }) => [
          group,
          currentVersion,
          preferredVersion,
          manualUpgradeRequired ? 'yes' : 'no',
        ]),
      ],
      columns,
    ),
    line,
    '',
  ]
}
