#!/bin/sh
# Packs the images of the guest book on this machine and gives them to the cluster: Redis out of Debian's package,
# the front end out of the folder beside this file and the Node that Kobune runs on. Needs root, and no registry.
set -eu
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P)
kobune=$here/../../kobune
node=$(sh "$here/../../scripts/node.sh" -p process.execPath)
"$kobune" image build docker.io/library/redis:7 --package redis-server --user 65534:65534
"$kobune" image build example.com/guestbook/frontend:1 "$here/frontend" --into /app --program "$node" \
  --entrypoint "[\"$node\", \"/app/server.ts\"]" --user 65534:65534
