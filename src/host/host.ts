/** The machine as one value to hand around: the real one here, a recorded one in recording-host.ts. */
import { type Addresses, linuxAddresses } from './addresses.ts'
import { type Cgroups, linuxCgroups } from './cgroups.ts'
import { type Files, linuxFiles } from './files.ts'
import { linuxMounts, type Mounts } from './mounts.ts'
import { linuxNftables, type Nftables } from './nftables.ts'
import { debianPackages, type Packages } from './packages.ts'
import { linuxProcesses, type Processes } from './processes.ts'
import { linuxSysctl, type Sysctl } from './sysctl.ts'
import { linuxSystemd, type Systemd } from './systemd.ts'

export interface Host {
  readonly files: Files
  readonly processes: Processes
  readonly mounts: Mounts
  readonly addresses: Addresses
  readonly nftables: Nftables
  readonly packages: Packages
  readonly sysctl: Sysctl
  readonly systemd: Systemd
  /** Looks at the mounts to find the version. */
  cgroups(): Promise<Cgroups>
}

/** The machine this process runs on. */
export const linuxHost: Host = {
  files: linuxFiles,
  processes: linuxProcesses,
  mounts: linuxMounts,
  addresses: linuxAddresses(linuxProcesses),
  nftables: linuxNftables(linuxProcesses),
  packages: debianPackages(linuxProcesses),
  sysctl: linuxSysctl,
  systemd: linuxSystemd(linuxFiles, linuxProcesses),
  cgroups: linuxCgroups,
}
