import type { FailureEntry } from './failure.ts';

/** What can go wrong with the traffic of a client. */
export const trafficFailures = {
  NO_MATCHING_INTERACTION: {
    status: 502,
    title: 'No recorded interaction matches this request',
    remedy: 'record it (MAGNETO_MODE=hybrid adds what is missing), or set MAGNETO_ON_MISS',
  },
  PASSTHROUGH_UNRECORDED: {
    status: 0,
    title: 'TLS that is passed through unopened is not recorded, so there is nothing to replay',
    remedy:
      'name the host in MAGNETO_LIVE to have it stay real, or record it without MAGNETO_TLS_PASSTHROUGH',
  },
  NAME_NOT_RECORDED: {
    status: 0,
    title: 'The cassette does not have this question for a name',
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
  BREAKER_OPEN: {
    status: 503,
    title: 'magneto itself leaves this destination alone for a while (MAGNETO_BREAKER)',
    remedy: 'wait, mend the destination, or take MAGNETO_BREAKER away',
  },
  UPSTREAM_CERTIFICATE: {
    status: 502,
    title: 'The TLS handshake with the destination failed',
    remedy:
      'add its authority with MAGNETO_UPSTREAM_CA, or name the host in MAGNETO_UPSTREAM_INSECURE_HOSTS',
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
  NAME_OUTSIDE_CA: {
    status: 0,
    title: 'The CA of magneto may not speak for this host',
    remedy:
      'add it to MAGNETO_CA_NAME_CONSTRAINTS and run magneto trust rotate, or leave this host alone',
  },
  PASSED_THROUGH_AFTER_REFUSALS: {
    status: 0,
    title:
      'Clients refuse the certificate for a host, so it is passed through and the take has a hole',
    remedy: 'let the clients trust the CA, or name the host in MAGNETO_TLS_PASSTHROUGH',
  },
  MEMORY_LOW: {
    status: 503,
    title: 'The memory that magneto may have is nearly used up',
    remedy: 'give its container more (mem_limit), or let fewer clients in at a time',
  },
  TOO_MANY_CONNECTIONS: {
    status: 503,
    title: 'More connections came than may be open at a time',
    remedy:
      'raise MAGNETO_CONNECTIONS_MAX, or the number of files magneto may have open (ulimits: nofile)',
  },
} as const satisfies Record<string, FailureEntry>;
