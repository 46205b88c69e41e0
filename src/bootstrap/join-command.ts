/** What another machine has to be told to become a part of the cluster. */
export interface JoinInvitation {
  /** host:port */
  readonly endpoint: string
  readonly token: string
  /** Pins of the authority; none: whoever knows the token is trusted. */
  readonly caHashes: readonly string[]
  /** Makes the machine part of the control plane. */
  readonly controlPlane?: boolean
  /** The key of the uploaded certificates. */
  readonly certificateKey?: string
}

/** One line, to be copied as it is. */
export function joinCommand(invitation: JoinInvitation): string {
  return words(invitation).flat().join(' ')
}

/** On two lines or three, as `init` shows it. Scripts look for these lines. */
export function joinCommandLines(invitation: JoinInvitation): string {
  return words(invitation)
    .filter(line => line.length > 0)
    .map(line => line.join(' '))
    .join(' \\\n\t')
}

function words({ endpoint, token, caHashes, controlPlane, certificateKey }: JoinInvitation): string[][] {
  const trust = caHashes.flatMap(hash => ['--discovery-token-ca-cert-hash', hash])
  return [
    ['kobune', 'join', endpoint, '--token', token],
    trust.length > 0 ? trust : ['--discovery-token-unsafe-skip-ca-verification'],
    controlPlane || certificateKey
      ? ['--control-plane', ...(certificateKey ? ['--certificate-key', certificateKey] : [])]
      : [],
  ]
}
