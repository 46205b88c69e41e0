#!/bin/bash
# usage: machine.sh NAME FOLDER COMMAND [ARGUMENT ...]
# Runs a command as on a machine of its own: own network, mounts, name, processes and cgroups; /run is empty, /var/lib
# is FOLDER. Everything it started ends with the command; its cgroups are removed. Needs root.
set -eu
name=$1 folder=$2
groups=/sys/fs/cgroup
if [ -z "${MACHINE_INSIDE:-}" ]; then
  if [ -e $groups/cgroup.controllers ]; then hierarchies=$groups/; else hierarchies=$(ls -d $groups/*/); fi
  (
    for at in $hierarchies; do
      mkdir -p "$at/machines/$name"
      case $at in */cpuset/)
        for file in cpuset.cpus cpuset.mems; do
          cat "$at/$file" > "$at/machines/$file"; cat "$at/machines/$file" > "$at/machines/$name/$file"
        done ;;
      esac
      echo $BASHPID > "$at/machines/$name/cgroup.procs"
    done
    MACHINE_INSIDE=1 exec unshare --net --mount --uts --ipc --cgroup --pid --fork --kill-child --propagation private "$0" "$@"
  ) && code=0 || code=$?
  for try in 1 2 3 4 5 6 7 8 9 10; do
    left=
    for at in $hierarchies; do
      [ -d "$at/machines/$name" ] || continue
      find "$at/machines/$name" -depth -type d -exec rmdir {} + 2>/dev/null || left=1
      rmdir "$at/machines" 2>/dev/null || true
    done
    [ -z "$left" ] && break
    sleep 0.1
  done
  exit "$code"
fi
shift 2
hostname "$name"
mount -t proc proc /proc
unified=
[ -e $groups/cgroup.controllers ] && unified=1
# Old cgroup mounts would stay first in mountinfo, with roots outside of our namespace.
umount -R /sys
mount -t sysfs sysfs /sys
if [ -n "$unified" ]; then
  mount -t cgroup2 cgroup2 $groups
  mkdir $groups/init && echo $$ > $groups/init/cgroup.procs
else
  mount -t tmpfs -o mode=755 cgroup $groups
  for each in cpu cpuacct cpuset memory devices freezer blkio pids; do
    mkdir $groups/$each; mount -t cgroup -o $each cgroup $groups/$each
  done
  # containerd finds no group of a task when these two are missing.
  mkdir $groups/systemd $groups/unified
  mount -t cgroup -o none,name=systemd cgroup $groups/systemd
  mount -t cgroup2 cgroup2 $groups/unified
fi
mkdir -p "$folder"
mount --bind "$folder" /var/lib
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/lock
mount --make-rshared /
ip link set lo up
unset MACHINE_INSIDE
"$@" &
wait $!
