#!/bin/bash
# usage: enter.sh PID GROUP FOLDER COMMAND [ARGUMENT ...]
# Runs a command in the machine whose first process is PID, in a folder of it. The environment is the caller's.
set -eu
pid=$1 group=$2 folder=$3
shift 3
groups=/sys/fs/cgroup
if [ -e $groups/cgroup.controllers ]; then
  echo $$ > "$groups$group/init/cgroup.procs"
else
  for at in $groups/*/; do echo $$ > "$at$group/cgroup.procs"; done
fi
exec nsenter -t "$pid" --net --mount --uts --ipc --pid --cgroup --wdns="$folder" -- "$@"
