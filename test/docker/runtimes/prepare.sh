#!/bin/sh
# prepare.sh light|heavy IMAGE: the image of the runtimes, and of what they are built from.
set -eu
cd "$(dirname "$0")"
export DOCKER_BUILDKIT=0

sh ../base-images.sh debian:trixie-slim node:26-trixie-slim golang:1 eclipse-temurin:21
light=${2%:*}:light
docker build --quiet --network host --tag "$light" .
[ "$1" = light ] && exit 0
docker build --quiet --network host --build-arg "RUNTIMES_IMAGE=$light" --tag "$2" --file Dockerfile.heavy .
