#!/bin/sh
# prepare.sh EXPLICIT TRANSPARENT CLIENTS: an engine that answers, and images of today's sources under
# these names. Suites run beside each other, so only one of them does it at a time.
set -eu
cd "$(dirname "$0")/../.."

# The engine must not inherit the lock (--close): it lives on, and would hold it.
if [ "${MAGNETO_TEST_LOCKED:-}" = '' ]; then
  export MAGNETO_TEST_LOCKED=yes
  exec flock --close /tmp/magneto-test-docker.lock sh test/docker/prepare.sh "$@"
fi

# The classic builder: the newer one asks a registry about a base image, even one that stands here.
export DOCKER_BUILDKIT=0

sh test/docker/engine.sh start
sh test/docker/base-images.sh
docker build --quiet --network host --tag "$1" .
docker build --quiet --network host --tag "$2" --file Dockerfile.transparent .
docker build --quiet --network host --tag "$3" --file test/docker/Dockerfile.clients test/docker
