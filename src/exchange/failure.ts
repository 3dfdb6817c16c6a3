/** What stands in the table for each failure: status in HTTP, one line, and the remedy. */
export interface FailureEntry {
  /** HTTP status of the answer; 0 where no answer can carry it (start-up, a raw stream). */
  readonly status: number;
  readonly title: string;
  readonly remedy: string;
}

const table = {
  NO_MATCHING_INTERACTION: {
    status: 502,
    title: 'No recorded interaction matches this request',
    remedy: 'record it (MAGNETO_MODE=hybrid adds what is missing), or set MAGNETO_ON_MISS',
  },
  SEQUENCE_MISMATCH: {
    status: 0,
    title: 'The client sent another WebSocket message than the recording has at this place',
    remedy: 'record the session again, or set MAGNETO_ON_MISS=passthrough to go on regardless',
  },
  UNRECORDED_STREAM: {
    status: 0,
    title: 'Bytes that are neither HTTP nor TLS cannot be replayed',
    remedy: 'keep such a destination out of the replay, or use MAGNETO_MODE=passthrough',
  },
  NAME_NOT_RECORDED: {
    status: 0,
    title: 'The cassette knows nothing of this name, so that it does not exist in the replay',
    remedy: 'record it (MAGNETO_MODE=hybrid adds what is missing), or set MAGNETO_ON_MISS',
  },
  UPSTREAM_REFUSED: {
    status: 502,
    title: 'The destination refused the connection',
    remedy: 'start the server, or check host and port',
  },
  UPSTREAM_TIMED_OUT: {
    status: 504,
    title: 'The destination did not answer in time',
    remedy: 'check that the destination is reachable from where magneto runs',
  },
  UPSTREAM_NAME_NOT_FOUND: {
    status: 502,
    title: 'The name of the destination could not be resolved',
    remedy: 'check the name and the resolver of the machine or container that magneto runs in',
  },
  UPSTREAM_CERTIFICATE: {
    status: 502,
    title: 'The TLS handshake with the destination failed',
    remedy:
      'add its authority with MAGNETO_UPSTREAM_CA, or name the host in MAGNETO_UPSTREAM_INSECURE_HOSTS',
  },
  UPSTREAM_CONNECTION_LOST: {
    status: 502,
    title: 'The destination ended the connection before it answered',
    remedy: 'look into the log of the destination',
  },
  DIAL_FAILED: {
    status: 502,
    title: 'magneto could not open a connection of its own',
    remedy: 'raise the limit of open files or local ports where magneto runs',
  },
  UPSTREAM_PROXY_REFUSED: {
    status: 502,
    title: 'The upstream proxy refused to connect to the destination',
    remedy: 'check the address and the credentials in MAGNETO_UPSTREAM_PROXY',
  },
  RECORDING_FAILED: {
    status: 502,
    title: 'The exchange could not be written to the cassette',
    remedy: 'free space on the cassette volume or make it writable, then record again',
  },
  BODY_TOO_LARGE: {
    status: 502,
    title: 'The body is larger than a cassette may hold',
    remedy: 'raise MAGNETO_BODY_BYTES_MAX, or keep this exchange out of the recording',
  },
  MALFORMED_HTTP: {
    status: 400,
    title: 'The request is not valid HTTP',
    remedy:
      'mend the client; smuggling pairs such as Content-Length with Transfer-Encoding are refused',
  },
  HEADERS_TOO_LARGE: {
    status: 431,
    title: 'The head of the request is larger than 256 KiB',
    remedy: 'send fewer or shorter headers',
  },
  DESTINATION_UNKNOWN: {
    status: 400,
    title: 'The request does not say where it is to go',
    remedy: 'use magneto as a proxy (absolute URL or CONNECT), or send a Host header',
  },
  DESTINATION_IS_PROXY: {
    status: 508,
    title: 'The destination is magneto itself',
    remedy: 'ask for the real server; the CA certificate is at http://magneto.local/ca.pem',
  },
  CLIENT_NOT_ALLOWED: {
    status: 403,
    title: 'This client may not use the proxy',
    remedy: 'add its address range to MAGNETO_ALLOW_CLIENTS',
  },
  CLIENT_HELLO_BROKEN: {
    status: 0,
    title: 'The client began TLS with bytes that are no ClientHello',
    remedy: 'look at the client; a hello may have up to 16 KiB',
  },
  CLIENT_REJECTED_CERTIFICATE: {
    status: 0,
    title: 'The client does not trust the certificate of magneto',
    remedy: 'give the client the CA certificate (http://magneto.local/ca.pem)',
  },
  OPTION_INVALID: {
    status: 0,
    title: 'An option has a value that it cannot have',
    remedy: 'see docs/configuration.md for the values it takes',
  },
  OPTION_UNKNOWN: {
    status: 0,
    title: 'A MAGNETO_* variable is not one that magneto knows',
    remedy: 'use the name that the message proposes, or remove the variable',
  },
  COMMAND_UNKNOWN: {
    status: 0,
    title: 'The command line has a verb or flag that magneto does not know',
    remedy: 'use one of: serve, health, rules, version',
  },
  NET_ADMIN_MISSING: {
    status: 0,
    title: 'The kernel does not let magneto change the rules of this network namespace',
    remedy: 'add to the service: cap_drop: [ALL], cap_add: [NET_ADMIN, SETUID, SETGID]',
  },
  IPTABLES_MISSING: {
    status: 0,
    title: 'There is no iptables to write the rules with',
    remedy: 'use the transparent image, or install iptables; or set MAGNETO_TRANSPARENT=false',
  },
  NAT_UNAVAILABLE: {
    status: 0,
    title: 'The kernel does not take rules that redirect connections',
    remedy: 'load nf_nat, xt_REDIRECT and xt_owner on the host; or use HTTP_PROXY and HTTPS_PROXY',
  },
  IP6TABLES_UNAVAILABLE: {
    status: 0,
    title: 'IPv6 connections cannot be redirected here',
    remedy: 'add to the service: sysctls: { net.ipv6.conf.all.disable_ipv6: "1" }',
  },
  CAPTURED_PORT_IS_OWN: {
    status: 0,
    title: 'A port that is to be captured is one that magneto itself listens on',
    remedy: 'take it out of MAGNETO_REDIRECT_PORTS, or move magneto (MAGNETO_PORT and its like)',
  },
  ORIGINAL_DESTINATION_UNAVAILABLE: {
    status: 0,
    title: 'The kernel cannot be asked where a redirected connection was to go',
    remedy: 'use the transparent image, or set MAGNETO_TRANSPARENT=false',
  },
  CASSETTE_NOT_FOUND: {
    status: 0,
    title: 'There is no cassette of this name to replay',
    remedy:
      'record it first (MAGNETO_MODE=record), or check MAGNETO_CASSETTE_DIR and MAGNETO_CASSETTE_NAME',
  },
  CASSETTE_CORRUPT: {
    status: 0,
    title: 'The cassette cannot be read',
    remedy:
      'restore the file from version control, or remove it and record again; nothing was overwritten',
  },
  CASSETTE_VERSION_UNKNOWN: {
    status: 0,
    title: 'The cassette was written by another version of the format',
    remedy: 'use a magneto that knows this version; this one reads 1.0 and 2.0',
  },
  CASSETTE_NAME_INVALID: {
    status: 0,
    title: 'The name of the cassette is not usable',
    remedy: 'use a relative name without "..", such as checkout or login/ok',
  },
  CASSETTE_AMBIGUOUS: {
    status: 0,
    title: 'The cassette stands on disk in more than one format',
    remedy: 'keep one of the files and move the others away',
  },
  CASSETTE_UNWRITABLE: {
    status: 0,
    title: 'The cassette directory cannot be written',
    remedy: 'mount it writable for the user that magneto runs as, or use MAGNETO_MODE=replay',
  },
  CASSETTE_UNREADABLE: {
    status: 0,
    title: 'The cassette file cannot be opened',
    remedy: 'check that the user that magneto runs as may read it',
  },
  RECORDING_REFUSED_IN_CI: {
    status: 0,
    title: 'Under CI=true nothing is recorded by default, and there is no complete cassette',
    remedy: 'commit the cassette, or set MAGNETO_MODE=record to record on purpose',
  },
  PORT_TAKEN: {
    status: 0,
    title: 'The port is in use by another process',
    remedy:
      'stop that process, or choose another with MAGNETO_PORT, MAGNETO_CONTROL_PORT or MAGNETO_DNS_PORT',
  },
  LISTEN_FAILED: {
    status: 0,
    title: 'The address cannot be listened on',
    remedy: 'check MAGNETO_HOST and MAGNETO_CONTROL_HOST',
  },
  CA_INVALID: {
    status: 0,
    title: 'The CA certificate or its key cannot be used',
    remedy:
      'bring a matching ca.pem (a CA) and ca.key in MAGNETO_CERT_DIR, or remove both to have them made',
  },
  CA_UNWRITABLE: {
    status: 0,
    title: 'The CA certificate cannot be written',
    remedy: 'make MAGNETO_CERT_DIR writable, or bring ca.pem and ca.key',
  },
} as const satisfies Record<string, FailureEntry>;

/** The stable name of a failure: part of the public interface, see docs/failures.md. */
export type FailureCode = keyof typeof table;

/** Every failure that a user can meet, by its code. */
export const failures: Readonly<Record<FailureCode, FailureEntry>> = table;

/** Something magneto could not do: a code of the table, a detail (one clear line) and the cause. */
export class Failure extends Error {
  readonly code: FailureCode;
  /** More for the problem body (RFC 9457 extension members), computed only when it is written. */
  readonly explain: (() => Readonly<Record<string, unknown>>) | undefined;

  constructor(
    code: FailureCode,
    detail: string,
    more: { cause?: unknown; explain?: () => Readonly<Record<string, unknown>> } = {},
  ) {
    super(detail, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'Failure';
    this.code = code;
    this.explain = more.explain;
  }
}

/** One line for people: code, detail, remedy. */
export function failureLine(failure: Failure): string {
  return `${failure.code}: ${failure.message}; ${failures[failure.code].remedy}`;
}
