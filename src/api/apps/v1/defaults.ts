/** The parameters of each rolling update, by the fields that its kind has. */
const parameters: Record<string, Record<string, unknown>> = {
  Deployment: { maxUnavailable: '25%', maxSurge: '25%' },
  DaemonSet: { maxUnavailable: 1, maxSurge: 0 },
  StatefulSet: { partition: 0 },
}

/** A rolling update without parameters gets those of its kind; another strategy has none. */
function fillRollingUpdate(kind: keyof typeof parameters) {
  return (strategy: Record<string, unknown>) => {
    if (strategy.type === 'RollingUpdate') {
      strategy.rollingUpdate = { ...parameters[kind], ...(strategy.rollingUpdate as object) }
    }
  }
}

export const fillDeploymentStrategy = fillRollingUpdate('Deployment')
export const fillDaemonSetUpdateStrategy = fillRollingUpdate('DaemonSet')
export const fillStatefulSetUpdateStrategy = fillRollingUpdate('StatefulSet')
