export function fillEndpointPort(port: Record<string, unknown>): void {
  port.name ??= ''
  port.protocol ??= 'TCP'
}
