/** The machine as one value to hand around: the real one here, a recorded one in recording-host.ts. */
import { type Addresses, linuxAddresses } from './addresses.ts'
import { type CgroupDriver, type Cgroups, linuxCgroups } from './cgroups.ts'
import { systemdCgroups } from './cgroups-systemd.ts'
import { type Files, linuxFiles } from './files.ts'
import { linuxModules, type Modules } from './modules.ts'
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
  readonly modules: Modules
  readonly addresses: Addresses
  readonly nftables: Nftables
  readonly packages: Packages
  readonly sysctl: Sysctl
  readonly systemd: Systemd
  /** Looks at the mounts to find the version. `driver`: who makes groups; default: we. */
  cgroups(driver?: CgroupDriver): Promise<Cgroups>
}

/** The machine this process runs on. */
export const linuxHost: Host = {
  files: linuxFiles,
  processes: linuxProcesses,
  mounts: linuxMounts,
  modules: linuxModules(linuxFiles, linuxProcesses),
  addresses: linuxAddresses(linuxProcesses),
  nftables: linuxNftables(linuxProcesses),
  packages: debianPackages(linuxProcesses),
  sysctl: linuxSysctl,
  systemd: linuxSystemd(linuxFiles, linuxProcesses),
  cgroups: async driver => {
    const cgroups = await linuxCgroups()
    return driver === 'systemd' ? systemdCgroups(cgroups, linuxProcesses) : cgroups
  },
}
