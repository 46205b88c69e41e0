#!/bin/sh
# Stands in for systemctl on machines of the lab, which have no systemd: starts what units say, starts it again when it
# ends, and stops it. KOBUNE_LAB_UNITS names a folder for its own use.
set -u
state=${KOBUNE_LAB_UNITS:-/run/lab-units}
mkdir -p "$state"
verb=$1
shift
[ "${1:-}" = --now ] && shift
unit=${1:-}
file=/etc/systemd/system/$unit

running() {
  [ -s "$state/$unit" ] && kill -0 "$(cat "$state/$unit")" 2>/dev/null
}

# A word of ExecStart is quoted, with its own signs for % and $.
start() {
  running && return 0
  [ -e "$file" ] || { echo "Unit $unit not found." >&2; exit 5; }
  line=$(sed -n 's/^ExecStart=//p' "$file" | sed 's/%%/%/g; s/\$\$/\\$/g')
  log=$(sed -n 's/^StandardOutput=append://p' "$file")
  eval "set -- $line"
  setsid sh -c '
    stopping=
    trap "stopping=1; kill -TERM \$child 2>/dev/null" TERM
    while :; do
      "$@" &
      child=$!
      while kill -0 "$child" 2>/dev/null; do wait "$child"; done
      [ -n "$stopping" ] && exit 0
      sleep 1
    done' supervisor "$@" >> "${log:-/var/log/$unit.log}" 2>&1 < /dev/null &
  echo $! > "$state/$unit"
}

stop() {
  running || return 0
  pid=$(cat "$state/$unit")
  kill -TERM "$pid"
  while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
  rm -f "$state/$unit"
}

case $verb in
  daemon-reload | enable | mask) ;;
  start) start ;;
  stop | disable) stop ;;
  restart) stop && start ;;
  is-active) if running; then echo active; else echo inactive; exit 3; fi ;;
  *) echo "this systemctl does not know $verb" >&2; exit 1 ;;
esac
