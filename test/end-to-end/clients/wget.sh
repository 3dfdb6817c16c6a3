#!/bin/sh
# wget through the proxy. Arguments: proxy, CA file, base URLs of nginx (nginx+…) and of the Python server.
set -eu
export http_proxy="$1" https_proxy="$1"
certificate=$2
shift 2
ask() {
  wget -q -S -O - --tries=1 --timeout=20 --no-hsts --ca-certificate="$certificate" "$@" 2>&1
}
for base; do
  case $base in
  nginx+*)
    base=${base#nginx+}
    ask "$base/hello.txt?by=wget"
    ask "$base/moved?by=wget"
    ask --compression=gzip "$base/long.txt?by=wget"
    ask "$base/bytes.bin?by=wget"
    ;;
  *)
    ask "$base/a?by=wget" "$base/a?by=wget"
    ask "$base/chunked?by=wget"
    ask --post-data='a=1&b=2' "$base/post?by=wget"
    ;;
  esac
done
