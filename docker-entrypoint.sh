#!/bin/sh
# PID 1 of the transparent image. As root, and with nothing but NET_ADMIN, SETUID and SETGID: leads the
# connections of this network namespace to magneto, runs magneto as the owner of the cassettes, and
# takes the rules away in the end. Whatever can be decided elsewhere is decided in magneto itself.
set -u

bundle=/app/magneto.cjs
# The rules exempt a process by user and group together, so the group has to be one nobody has.
group=48889
crashes_max=5
crashes_within_seconds=60

[ "${1:-serve}" = serve ] || exec node "$bundle" "$@"

folder=${MAGNETO_CASSETTE_DIR:-/cassettes}
while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
owner=$(stat -c %u "$folder")
owners_group=$(stat -c %g "$folder")

proxy=
status=0
stopping=
# Root without the capability KILL may only signal its own: so the proxy's user does it.
signal() {
  setpriv --reuid "$owner" --keep-groups sh -c 'kill -s "$1" "$2"' sh "$1" "$proxy" 2>/dev/null
}
forward() {
  stopping=yes
  [ -z "$proxy" ] || signal "$1"
}
trap 'forward TERM' TERM
trap 'forward INT' INT

# Waits until the proxy is gone: `wait` also returns when a signal was forwarded, and reaps orphans.
await_proxy() {
  while :; do
    wait "$proxy"
    status=$?
    [ -e "/proc/$proxy" ] || return 0
  done
}

node "$bundle" rules apply --uid "$owner" --gid "$group" >&2 || exit "$?"

crashes=0
started=$(date +%s)
while [ -z "$stopping" ]; do
  setpriv --reuid "$owner" --regid "$group" --groups "$owners_group" \
    --inh-caps=-all --no-new-privs -- node "$bundle" serve &
  proxy=$!
  # A signal that came before there was anybody to forward it to.
  [ -z "$stopping" ] || signal TERM
  await_proxy
  # Statuses below are endings in order or refusals to start; a bug is 70, a kill 128 and more.
  [ "$status" -eq 70 ] || [ "$status" -gt 128 ] || break
  [ -z "$stopping" ] || break
  now=$(date +%s)
  [ $((now - started)) -lt "$crashes_within_seconds" ] || { crashes=0; started=$now; }
  crashes=$((crashes + 1))
  if [ "$crashes" -gt "$crashes_max" ]; then
    echo "magneto: crashed $crashes times within $crashes_within_seconds s: giving up" >&2
    break
  fi
  # The namespace is the application's as well: it must not die with us.
  echo "magneto: ended with status $status, is started again" >&2
  export MAGNETO_RESUME=true
done

node "$bundle" rules remove >&2 || true
exit "$status"
