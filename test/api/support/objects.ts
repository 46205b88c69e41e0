/** Small objects for tests, in the namespace default. */
export const namespace = 'default'

/** A pod template that asks for nothing; `more` goes into the spec. */
export function template(app: string, more: object = {}) {
  return { metadata: { labels: { app } }, spec: { containers: [{ name: 'main', image: 'main:1' }], ...more } }
}

/** A workload of `app` with its own selector; `more` goes into the spec. */
export function workload(app: string, more: object = {}) {
  return {
    metadata: { name: app, namespace },
    spec: { selector: { matchLabels: { app } }, template: template(app), ...more },
  } as never
}

export function pod(name: string, more: object = {}, labels: Record<string, string> = {}) {
  return { metadata: { name, namespace, labels }, spec: template(name, more).spec } as never
}
