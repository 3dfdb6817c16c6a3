#!/bin/sh
# PID 1 of the transparent image. As root, and with nothing but NET_ADMIN, SETUID and SETGID: leads the
# connections of this network namespace to magneto, runs magneto as the owner of the cassettes, and
# tests that they are led there. Whatever can be decided elsewhere is decided in magneto itself.
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
verifier=
status=0
stopping=
# Root without the capability KILL may only signal its own: so the proxy's user does it.
signal() {
  setpriv --reuid "$owner" --keep-groups sh -c 'kill -s "$1" "$2"' sh "$1" "$proxy" 2>/dev/null
}
forward() {
  stopping=yes
  # Its test connections would now fail, and it would end the proxy a second time.
  [ -z "$verifier" ] || kill "$verifier" 2>/dev/null
  [ -z "$proxy" ] || signal "$1"
}
trap 'forward TERM' TERM
trap 'forward INT' INT

# Waits until a child is gone: `wait` also returns when a signal was forwarded, and reaps orphans.
await() {
  while :; do
    wait "$1"
    status=$?
    [ -e "/proc/$1" ] || return 0
  done
}

# With the rules in place a captured connection is refused while nobody listens, and never let out.
# MAGNETO_FAIL=open is for those who would rather have it let out.
apply_rules() {
  node "$bundle" rules apply --uid "$owner" --gid "$group" >&2
}
open_up() {
  [ "${MAGNETO_FAIL:-closed}" != open ] || node "$bundle" rules remove >&2 || true
}

# Only root may read the counters of the rules. The proxy asks with a line on one pipe, and is answered
# with one on the other; nothing else can be asked, and nobody else has the pipes: they have no name.
# Each side opens them for itself: whether a descriptor waits is otherwise one setting for both.
open_counters() {
  unset MAGNETO_COUNTERS
  for place in /dev/shm /tmp; do
    ask=$place/magneto-ask.$$ answer=$place/magneto-answer.$$
    if mkfifo -m 600 "$ask" "$answer" 2>/dev/null; then
      exec 6<>"$ask" 7<>"$answer" 8<>"$ask" 9<>"$answer"
      export MAGNETO_COUNTERS=8,9
    fi
    rm -f "$ask" "$answer"
    [ -z "${MAGNETO_COUNTERS:-}" ] || return 0
  done
}
count() {
  trap - TERM INT
  while read -r _ <&6; do
    counted=$(node "$bundle" rules count 2>/dev/null) || counted=null
    echo "$counted" >&7
  done
}

# Ends the proxy where its test connections do not come through: better none than one that is passed by.
verify() {
  node "$bundle" rules verify --wait --uid "$owner" >&2 &
  tester=$!
  trap 'kill "$tester" 2>/dev/null; exit 0' TERM INT
  wait "$tester" && return 0
  verified=$?
  signal TERM
  return "$verified"
}

# Runs the proxy to its end; `status` is its own, or that of a self-test that failed.
run_proxy() {
  open_counters
  counter=
  [ -z "${MAGNETO_COUNTERS:-}" ] || { count & counter=$!; }
  MAGNETO_SELF_TEST=true setpriv --reuid "$owner" --regid "$group" --groups "$owners_group" \
    --inh-caps=-all --no-new-privs -- node "$bundle" serve 6>&- 7>&- &
  proxy=$!
  verify 6>&- 7>&- 8>&- 9>&- &
  verifier=$!
  # A signal that came before there was anybody to forward it to.
  [ -z "$stopping" ] || signal TERM
  await "$proxy"
  ended=$status
  [ -z "$counter" ] || kill "$counter" 2>/dev/null
  kill "$verifier" 2>/dev/null
  await "$verifier"
  verified=$status
  # A test that was overtaken by the end of the proxy proves nothing.
  if [ -n "$stopping" ] || [ "$ended" -eq 70 ] || [ "$ended" -gt 128 ]; then verified=0; fi
  [ "$verified" -ne 0 ] || status=$ended
}

apply_rules || exit "$?"

crashes=0
started=$(date +%s)
while [ -z "$stopping" ]; do
  run_proxy
  [ "$verified" -eq 0 ] || break
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
  [ "${MAGNETO_FAIL:-closed}" != open ] || { open_up; apply_rules; }
done

open_up
exit "$status"
