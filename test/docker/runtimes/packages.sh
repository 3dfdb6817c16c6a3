#!/bin/sh
# Makes what the package managers and git are to fetch, below /srv: a wheel, an npm package, a Debian
# package and a repository, each of one line.
set -eu
origin=https://api.test
work=$(mktemp -d)
cd "$work"

mkdir -p wheel/lodestone wheel/lodestone-1.0.dist-info /srv/pip/lodestone
echo 'LINE = "a wheel"' >wheel/lodestone/__init__.py
printf 'Metadata-Version: 2.1\nName: lodestone\nVersion: 1.0\n' >wheel/lodestone-1.0.dist-info/METADATA
printf 'Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n' \
  >wheel/lodestone-1.0.dist-info/WHEEL
touch wheel/lodestone-1.0.dist-info/RECORD
wheel=lodestone-1.0-py3-none-any.whl
(cd wheel && python3 -m zipfile -c "/srv/pip/lodestone/$wheel" lodestone lodestone-1.0.dist-info)
echo "<!DOCTYPE html><a href=\"$wheel\">$wheel</a>" >/srv/pip/lodestone/index.html

mkdir -p package /srv/npm/-
echo '{"name":"lodestone","version":"1.0.0","main":"index.js"}' >package/package.json
echo 'module.exports = "an npm package";' >package/index.js
(cd package && npm pack --silent --pack-destination /srv/npm/- >/dev/null)
cat >/srv/npm/lodestone <<END
{"name":"lodestone","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{"name":"lodestone","version":"1.0.0",
"dist":{"tarball":"$origin/npm/-/lodestone-1.0.0.tgz"}}}}
END

mkdir -p deb/DEBIAN deb/usr/share/lodestone /srv/apt
printf 'Package: lodestone\nVersion: 1.0\nArchitecture: all\nMaintainer: Erik <erik@example.org>\n' >control
printf 'Description: a Debian package of one line\n' | cat control - >deb/DEBIAN/control
echo 'a Debian package' >deb/usr/share/lodestone/line
dpkg-deb --root-owner-group --build deb /srv/apt/lodestone.deb >/dev/null
{
  cat deb/DEBIAN/control
  echo 'Filename: ./lodestone.deb'
  echo "Size: $(stat -c %s /srv/apt/lodestone.deb)"
  echo "SHA256: $(sha256sum /srv/apt/lodestone.deb | cut -d ' ' -f 1)"
} >/srv/apt/Packages

git init --quiet --initial-branch=main repository
echo 'a repository' >repository/line
git -C repository add line
git -C repository -c user.name=Erik -c user.email=erik@example.org commit --quiet --message 'A line'
mkdir -p /srv/git
git clone --quiet --bare repository /srv/git/lodestone.git
rm -rf "$work"
