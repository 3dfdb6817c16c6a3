#!/bin/sh
# Installs the dependencies when a fresh clone has none, or when the lock has changed since.
# Runs under any shell and needs no particular Node: it is the first step of `npm start` and
# `npm test`, and fetches the Node that the later steps run under.
set -eu
cd "$(dirname "$0")/.."

installed=node_modules/.package-lock.json
if [ ! -e "$installed" ] || [ -n "$(find package-lock.json -newer "$installed")" ]; then
  echo 'installing dependencies' >&2
  npm ci --no-audit --no-fund --loglevel=error >&2
fi

# The bundled Node is linked against glibc; where it cannot run, the system's own has to do.
bundled=node_modules/.bin/node
if [ -e "$bundled" ] && ! "$bundled" --version >/dev/null 2>&1; then
  rm -f "$bundled"
fi

major=$(node --version | sed 's/^v\([0-9]*\).*/\1/')
if [ "$major" -lt 24 ]; then
  echo "magneto needs Node 24 or later, and found $(node --version)" >&2
  exit 1
fi
