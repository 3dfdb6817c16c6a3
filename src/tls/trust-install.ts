import type { X509Certificate } from 'node:crypto';
import { pemOf } from './certificates.ts';

/**
 * A script for a POSIX shell that makes a machine or a container trust the authorities, and `remove`
 * that takes them away again. It carries them, so that it can be piped into a shell.
 */
export function installScript(authorities: readonly X509Certificate[]): string {
  const named = authorities.map((each) => ({ name: nameOf(each), pem: pemOf([each]) }));
  const names = named.map(({ name }) => name).join(' ');
  const cases = named.map(({ name, pem }) => `  ${name}) cat <<'PEM'\n${pem}PEM\n  ;;\n`).join('');
  return `${head}names='${names}'\n\npem() {\n  case $1 in\n${cases}  esac\n}\n${body}`;
}

/** The name of a certificate's file: one a certificate, as Debian's tool wants it. */
function nameOf({ fingerprint256 }: X509Certificate): string {
  return `magneto-${fingerprint256.replaceAll(':', '').slice(0, 12).toLowerCase()}`;
}

const head = `#!/bin/sh
# Makes this machine, or this container, trust magneto's certificate authority; with the word
# "remove", no longer. As root, any number of times:
#   sh install-ca.sh          or: curl -s http://magneto:8889/trust/install-ca.sh | sh
#   sh install-ca.sh remove
# Whoever has the key of this authority can speak for every site to what trusts it: install it where
# tests run, and not where people work.
set -eu
action=\${1:-install}
case $action in
  install | remove) ;;
  *) echo "install-ca: takes nothing, or the word remove" >&2; exit 2 ;;
esac
status=0
say() { echo "install-ca: $*"; }
fail() { echo "install-ca: $*" >&2; status=1; }

`;

const body = `
# A folder of authorities and the tool that reads it. What lies there of an earlier authority of ours
# goes, so that after a rotation the old one is trusted no longer than the kit says.
anchors() {
  folder=$1 suffix=$2
  shift 2
  if ! mkdir -p "$folder" || ! [ -w "$folder" ]; then
    fail "cannot write $folder: is it read-only? Give the programs the variables of magneto.env"
    return 0
  fi
  rm -f "$folder"/magneto-????????????."$suffix"
  if [ "$action" = install ]; then
    for name in $names; do
      pem "$name" >"$folder/$name.$suffix"
      chmod 644 "$folder/$name.$suffix"
    done
  fi
  if "$@" >/dev/null; then say "$action: done, by $1"; else fail "$1 failed"; fi
}

# A bundle without a tool to make it: ours goes to its end, between two marks.
bundle() {
  if ! [ -w "$1" ]; then
    fail "cannot write $1: is it read-only? Give the programs the variables of magneto.env"
    return 0
  fi
  others=$(sed '/^# magneto begin$/,/^# magneto end$/d' "$1")
  {
    printf '%s\\n' "$others"
    if [ "$action" = install ]; then
      echo '# magneto begin'
      for name in $names; do pem "$name"; done
      echo '# magneto end'
    fi
  } >"$1"
  say "$action: done, in $1"
}

keychain() {
  file=$(mktemp)
  for name in $names; do
    pem "$name" >"$file"
    if [ "$action" = install ]; then
      security add-trusted-cert -d -r trustRoot -k /Library/Keychains/System.keychain "$file" ||
        fail "security add-trusted-cert failed"
    else
      security remove-trusted-cert -d "$file" || true
      sum=$(openssl x509 -in "$file" -noout -fingerprint -sha1 | sed 's/.*=//; s/://g')
      security delete-certificate -Z "$sum" /Library/Keychains/System.keychain || true
    fi
  done
  rm -f "$file"
  say "$action: done, in the System keychain"
}

system() {
  if [ "$(id -u)" != 0 ]; then
    fail "the system's store needs root: sudo sh install-ca.sh"
  elif [ "$(uname -s)" = Darwin ]; then
    keychain
  elif command -v update-ca-trust >/dev/null; then
    if [ -d /etc/pki/ca-trust/source/anchors ]; then
      anchors /etc/pki/ca-trust/source/anchors pem update-ca-trust extract
    else
      anchors /etc/ca-certificates/trust-source/anchors crt update-ca-trust
    fi
  elif command -v update-ca-certificates >/dev/null; then
    if [ -d /etc/pki/trust/anchors ]; then
      anchors /etc/pki/trust/anchors pem update-ca-certificates
    else
      anchors /usr/local/share/ca-certificates crt update-ca-certificates
    fi
  else
    for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
      if [ -e "$file" ]; then bundle "$file"; return 0; fi
    done
    fail "there is no store here: install the package ca-certificates, or give the programs the variables of magneto.env"
  fi
}

# Chromium and Firefox have stores of their own, one a profile; who has none yet needs nothing.
nss() {
  home=\${HOME:-/}
  if [ -n "\${SUDO_USER:-}" ] && command -v getent >/dev/null; then
    home=$(getent passwd "$SUDO_USER" | cut -d: -f6)
  fi
  for store in "$home"/.pki/nssdb "$home"/.mozilla/firefox/* \\
    "$home"/snap/firefox/common/.mozilla/firefox/* \\
    "$home/Library/Application Support/Firefox/Profiles"/*; do
    [ -e "$store/cert9.db" ] || continue
    if ! command -v certutil >/dev/null; then
      fail "browsers have a store in $store: install certutil (libnss3-tools, nss-tools or nss) and run this again"
      return 0
    fi
    for name in $(certutil -L -d "sql:$store" | sed -n 's/^\\(magneto-[0-9a-f]*\\) .*/\\1/p') ; do
      certutil -D -d "sql:$store" -n "$name"
    done
    if [ "$action" = install ]; then
      for name in $names; do
        pem "$name" | certutil -A -d "sql:$store" -t C,, -n "$name"
      done
    fi
    say "$action: done, in $store"
  done
}

system
nss
exit "$status"
`;
