import assert from 'node:assert/strict'
import type { Machine } from '../lab/machine.ts'

/** What a cluster may leave behind on a machine, by the command that shows it; volatile numbers are cut out. */
const looks: Readonly<Record<string, string>> = {
  processes: `for at in /proc/[0-9]*; do tr '\\0' ' ' < $at/cmdline; echo; done | grep -v -e '^ *$' -e '/proc/\\[0-9\\]' -e '^tr ' -e '^sleep 3600' -e '^sort' -e '^grep' | sort`,
  mounts: `cut -d' ' -f4- /proc/self/mountinfo | sed -E 's/(shared|master):[0-9]+//g' | sort`,
  namespaces: `for at in /proc/[0-9]*/ns/*; do readlink $at; done 2>/dev/null | sort -u`,
  'named network namespaces': 'ls /run/netns /var/run/netns | sort -u',
  interfaces: `ip -o link | sed -E 's/^[0-9]+: //; s/qlen [0-9]+//' | sort`,
  addresses: 'ip -o address | sed -E "s/^[0-9]+: //; s/valid_lft.*//" | sort',
  routes: 'ip route show table all | sort; ip rule',
  nftables: 'nft list ruleset',
  iptables: `for each in filter nat mangle raw; do iptables-save -t $each; done 2>/dev/null | grep -v -e '^#' -e '^:' -e '^COMMIT' -e '^\\*'`,
  cgroups: 'find /sys/fs/cgroup -type d | sort',
  sysctls:
    'sysctl -a 2>/dev/null | grep -e "^net.ipv[46].*forward" -e "^net.bridge" -e route_localnet -e "^fs.inotify" | grep -v -e "conf.eth0.*mc_forw" | sort',
  files: `find /etc /opt /root /home /srv /run /tmp /usr/local /var/lib /var/log /var/cache /var/tmp -xdev \\( -type f -printf '%p %m %s %T@\\n' -o -type l -printf '%p -> %l\\n' -o -printf '%p %y %m\\n' \\) | grep -v -e '^/root/.kube/cache' -e '^/var/cache/kobune-images' -e '^/var/cache/kobune-images/' | sort`,
}

export type Snapshot = Readonly<Record<keyof typeof looks, readonly string[]>>

/** Everything that a cluster could change on a machine. */
export async function snapshot(machine: Machine): Promise<Snapshot> {
  const found: Record<string, readonly string[]> = {}
  for (const [name, command] of Object.entries(looks)) {
    const { stdout } = await machine.exec('sh', ['-c', command])
    found[name] = stdout.split('\n').filter(Boolean)
  }
  return found
}

/** What is in one and not in the other, in words; empty when they are the same. */
export function differences(before: Snapshot, after: Snapshot): readonly string[] {
  return Object.keys(looks).flatMap(name => {
    const [were, are] = [before[name]!, after[name]!]
    const [had, has] = [new Set(were), new Set(are)]
    return [
      ...are.filter(line => !had.has(line)).map(line => `${name}: left: ${line}`),
      ...were.filter(line => !has.has(line)).map(line => `${name}: lost: ${line}`),
    ]
  })
}

/** Fails with what is left of a cluster on a machine. What programs keep to start faster does not count. */
export async function assertSame(machine: Machine, before: Snapshot): Promise<void> {
  await machine.ok('rm', ['-rf', '/root/.kube', '/root/.cache/kobune'])
  const left = differences(before, await snapshot(machine))
  assert.equal(left.length, 0, `${machine.name}:\n${left.slice(0, 30).join('\n')}`)
}
