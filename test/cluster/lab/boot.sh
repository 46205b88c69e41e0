#!/bin/bash
# usage: boot.sh NAME FOLDER CHECKOUT GROUP LEASH [IMAGES]
# Becomes a machine of its own: own network, mounts, name, processes, IPC and cgroups. Prints "ready" when it is one.
# FOLDER keeps what survives a reboot; CHECKOUT is shared, read-only; GROUP is its cgroup in every hierarchy; with LEASH
# 1 it ends with whoever started it; IMAGES is a folder of image archives that all machines share. /usr is this machine's, read-only; /etc, /opt and /usr/local begin as this machine's.
set -eu
name=$1 folder=$2 checkout=$3 group=$4 leash=$5 images=${6:-}
groups=/sys/fs/cgroup
if [ -e $groups/cgroup.controllers ]; then unified=1; else unified=; fi
if [ -z "${LAB_STAGE:-}" ]; then
  parent=${group%/*}
  if [ -n "$unified" ]; then
    mkdir -p "$groups$group/init"
    for each in $(cat $groups/cgroup.controllers); do
      for at in $groups "$groups$parent"; do echo "+$each" > "$at/cgroup.subtree_control" 2>/dev/null || true; done
    done
    echo $$ > "$groups$group/init/cgroup.procs"
  else
    for at in $groups/*/; do
      mkdir -p "$at$group"
      case $at in */cpuset/)
        for file in cpuset.cpus cpuset.mems; do
          cat "$at/$file" > "$at$parent/$file"; cat "$at$parent/$file" > "$at$group/$file"
        done ;;
      esac
      echo $$ > "$at$group/cgroup.procs"
    done
  fi
  lead=; [ "$leash" = 1 ] && lead='setpriv --pdeathsig KILL'
  LAB_STAGE=1 exec $lead unshare --net --mount --uts --ipc --cgroup --pid --fork --kill-child --propagation private "$0" "$@"
fi
unset LAB_STAGE
hostname "$name"
mount -t proc proc /proc
# Old cgroup mounts would stay first in mountinfo, with roots outside of our namespace.
umount -R /sys
mount -t sysfs sysfs /sys
if [ -n "$unified" ]; then
  mount -t cgroup2 cgroup2 $groups
else
  mount -t tmpfs -o mode=755 cgroup $groups
  for each in cpu cpuacct cpuset memory devices freezer blkio pids; do
    mkdir $groups/$each; mount -t cgroup -o $each cgroup $groups/$each
  done
  mkdir $groups/systemd $groups/unified
  mount -t cgroup -o none,name=systemd cgroup $groups/systemd
  mount -t cgroup2 cgroup2 $groups/unified
fi
# Folders this machine has for itself hide what was there; the lab's own and the checkout may be in one of them.
mount -t tmpfs -o mode=700 lab /mnt
mkdir /mnt/folder /mnt/checkout /mnt/images
[ -z "$images" ] || mount --bind "$images" /mnt/images
mount --bind "$folder" /mnt/folder
mount --bind "$checkout" /mnt/checkout
mount -o remount,bind,ro /mnt/checkout
[ -d /mnt/folder/etc ] && first= || first=1
layer() {
  [ -d "/$1" ] || return 0
  mkdir -p "/mnt/folder/$1/upper" "/mnt/folder/$1/work"
  mount -t overlay overlay -o "lowerdir=/$1,upperdir=/mnt/folder/$1/upper,workdir=/mnt/folder/$1/work" "/$1"
}
mount --bind /usr /usr
mount -o remount,bind,ro /usr
layer etc; layer opt; layer usr/local
for each in root home srv var/lib var/log var/cache var/tmp tmp; do
  [ -d "/$each" ] || continue
  mkdir -p "/mnt/folder/$each"
  mount --bind "/mnt/folder/$each" "/$each"
done
chmod 700 /root; chmod 1777 /tmp /var/tmp
if [ -n "$images" ]; then
  mkdir -p /var/cache/kobune-images
  mount --bind /mnt/images /var/cache/kobune-images
  umount /mnt/images
fi
# Of this machine's own cluster, if it has one; only at the first boot, for later they are the machine's.
[ -n "$first" ] && rm -rf /etc/kubernetes /etc/cni /opt/cni/net.d
rm -f /etc/resolv.conf
echo "$name" > /etc/hostname
printf '127.0.0.1 localhost %s\n::1 localhost\n' "$name" > /etc/hosts
echo 'nameserver 172.31.0.254' > /etc/resolv.conf
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/netns /run/lock
mkdir -p "$checkout"
mount --bind /mnt/checkout "$checkout"
umount /mnt/checkout /mnt/folder
umount /mnt
mount --make-rshared /
ip link set lo up
echo ready
exec > /dev/null 2>&1 < /dev/null
trap 'exit 0' TERM
while :; do sleep 3600 & wait $!; done
