/** How probes name addresses and what the system said about them: in Go's words, which tools look for. */

/** The words the system has for it. */
export function connectError(error: NodeJS.ErrnoException): string {
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connect: connection refused',
    EHOSTUNREACH: 'connect: no route to host',
    ENETUNREACH: 'connect: network is unreachable',
    ECONNRESET: 'read: connection reset by peer',
  }
  return words[error.code ?? ''] ?? error.message
}

/** `10.0.0.2:80`, `[fd00::2]:80` */
export function hostPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
