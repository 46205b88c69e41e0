/** Without metrics, an autoscaler aims at four fifths of the CPU that its pods ask for. */
export function fillHorizontalPodAutoscalerSpec(spec: Record<string, unknown>): void {
  if (Array.isArray(spec.metrics) && spec.metrics.length > 0) return
  spec.metrics = [
    { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
  ]
}
