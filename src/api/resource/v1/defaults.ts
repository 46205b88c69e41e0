export function fillDeviceCount(request: Record<string, unknown>): void {
  if (request.allocationMode === 'ExactCount' && !request.count) request.count = 1
}
