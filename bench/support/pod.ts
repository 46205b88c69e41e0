/** A pod as users write them: one container with a port, a variable and requests; ten apps. No scheduler takes it. */
export function pod(i: number) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `pod-${i}`, labels: { app: `a${i % 10}`, tier: 'web' } },
    spec: {
      schedulerName: 'nobody',
      containers: [
        {
          name: 'main',
          image: 'registry.example.com/app:1.2.3',
          ports: [{ containerPort: 8080 }],
          env: [{ name: 'A', value: 'b' }],
          resources: { requests: { cpu: '100m', memory: '64Mi' } },
        },
      ],
    },
  }
}
