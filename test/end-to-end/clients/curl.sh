#!/bin/sh
# curl through the proxy. Arguments: proxy, CA file, base URLs of nginx (nginx+…) and of the Python server.
set -eu
proxy=$1 certificate=$2
shift 2
ask() {
  curl -sS -i --max-time 20 --proxy "$proxy" --cacert "$certificate" "$@"
  echo
}
for base; do
  case $base in
  nginx+*)
    base=${base#nginx+}
    ask "$base/hello.txt?by=curl"
    ask --compressed "$base/long.txt?by=curl"
    ask -L "$base/moved?by=curl"
    ask "$base/teapot?by=curl" "$base/hello.txt?by=curl-again"
    ask -I "$base/bytes.bin?by=curl"
    ask -r 100-299 "$base/bytes.bin?by=curl-range"
    ask --http1.0 "$base/hello.txt?by=curl-1.0"
    ;;
  *)
    ask "$base/a?by=curl" "$base/a?by=curl"
    ask "$base/chunked?by=curl"
    ask -d 'a=1&b=2' "$base/post?by=curl"
    ask -X POST "$base/nothing?by=curl"
    ask -d "" "$base/empty?by=curl"
    # Over a megabyte curl sends Expect: 100-continue.
    head -c 1500000 /dev/zero | ask -X PUT --data-binary @- "$base/put?by=curl"
    ;;
  esac
done
