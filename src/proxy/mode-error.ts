/** A mode is not possible on this machine; the message says what is missing and which mode works. */
export class ProxyModeError extends Error {
  override readonly name = 'ProxyModeError'
}
