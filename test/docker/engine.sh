#!/bin/sh
# engine.sh start: a Docker engine, where none answers yet (root, and Docker installed).
# engine.sh stop: ends the engine that `start` began, and no other.
set -eu

pid_file=/run/magneto-test-engine.pid
log=/var/log/magneto-test-engine.log
wait_seconds=60

answers() { docker version >/dev/null 2>&1; }

start() {
  answers && return 0
  PATH="$PATH:/usr/sbin:/sbin"
  command -v dockerd >/dev/null || { echo 'there is no dockerd on this machine' >&2; exit 1; }
  # A session of its own: Ctrl-C on the tests must not take the engine from under them.
  setsid dockerd >"$log" 2>&1 </dev/null &
  echo "$!" >"$pid_file"
  for _ in $(seq "$wait_seconds"); do
    answers && return 0
    kill -0 "$(cat "$pid_file")" 2>/dev/null || break
    sleep 1
  done
  echo "the engine did not start; the end of $log:" >&2
  tail -n 20 "$log" >&2
  stop
  exit 1
}

stop() {
  [ -e "$pid_file" ] || return 0
  pid=$(cat "$pid_file")
  rm -f "$pid_file"
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq "$wait_seconds"); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 1
  done
}

case "${1:-}" in
  start) start ;;
  stop) stop ;;
  *) echo 'usage: engine.sh start | stop' >&2; exit 2 ;;
esac
