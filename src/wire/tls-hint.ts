/** What a server of old says, or OpenSSL of it: it wants less than is asked of servers today. */
const old =
  /ALERT_PROTOCOL_VERSION$|UNSUPPORTED_PROTOCOL$|UNSAFE_LEGACY_RENEGOTIATION|KEY_TOO_SMALL$|WRONG_SIGNATURE_TYPE$|LEGACY_SIGALG/;
const weak = /(?:key|md) too weak/i;
const asksWho = /ALERT_CERTIFICATE_REQUIRED$/;
/** Says nothing more than that the two found no way to go on. */
const vague = /ALERT_HANDSHAKE_FAILURE$/;

/** The option that a failed handshake with a server calls for, by OpenSSL's or Node's code and words; nothing where it is about trust. */
export function tlsHint(ended: {
  readonly host: string;
  readonly code: string;
  readonly reason: string;
}): string | undefined {
  const { host, code, reason } = ended;
  const legacy = `MAGNETO_UPSTREAM_LEGACY_TLS_HOSTS=${host}`;
  const own = `MAGNETO_UPSTREAM_CLIENT_CERTS=${host}=cert.pem:key.pem`;
  if (old.test(code) || weak.test(reason)) return `it speaks the TLS of old: ${legacy} allows it`;
  if (asksWho.test(code)) return `it asks for a client certificate: ${own}`;
  if (vague.test(code)) {
    return `it may ask for a client certificate (${own}), or speak the TLS of old (${legacy})`;
  }
  return undefined;
}
