#!/bin/sh
# Runs a TypeScript program of this project with a Node that can: installs the locked npm packages first if they
# are missing, and uses the Node that comes among them when the machine's own is older than 24.
# usage: node.sh PROGRAM [ARGUMENT ...]
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd -P)

major() { "$1" -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0; }

find_node() {
  for candidate in "$here"/node_modules/node-linux-*/bin/node "$here"/../node-linux-*/bin/node; do
    [ -x "$candidate" ] && { echo "$candidate"; return; }
  done
  own=$(command -v node || true)
  [ -n "$own" ] && [ "$(major "$own")" -ge 24 ] && { echo "$own"; return; }
  return 1
}

# Without a lockfile this is a published package, and npm has installed what it needs.
if [ -f "$here/package-lock.json" ] && { [ ! -f "$here/node_modules/.package-lock.json" ] || [ "$here/package-lock.json" -nt "$here/node_modules/.package-lock.json" ]; }; then
  command -v npm >/dev/null || { echo "kobune: npm is missing. Install it with: apt-get install npm" >&2; exit 1; }
  echo "kobune: installing the npm packages of package-lock.json (once)" >&2
  optional=
  own=$(command -v node || true)
  [ -n "$own" ] && [ "$(major "$own")" -ge 24 ] && optional=--omit=optional
  # The install scripts of our dependencies only print or fetch; none is needed.
  (cd "$here" && npm ci --ignore-scripts --no-audit --no-fund $optional >&2) || {
    echo "kobune: npm could not install the packages; see its message above" >&2; exit 1; }
  touch "$here/node_modules/.package-lock.json"
fi

node=$(find_node) || {
  echo "kobune: needs Node 24 or newer, and no packaged one fits this machine ($(uname -m)). Install Node 24 and try again." >&2
  exit 1
}
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/kobune/compile}"
# DEP0123: etcd and API servers are reached by their addresses. --expose-gc: daemons give memory back (src/run/settled.ts).
exec "$node" --expose-gc --disable-warning=ExperimentalWarning --disable-warning=DEP0123 "$@"
