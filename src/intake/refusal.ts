import type { Arrival } from '../exchange/arrival.ts';
import { authorityOf } from '../exchange/destination.ts';
import { Failure } from '../exchange/failure.ts';
import type { ClientHello } from '../exchange/upstream.ts';
import type { HelloMarks, ReadHello } from './client-hello.ts';
import type { TrustFiles } from './remedy.ts';
import { remedyFor } from './remedy.ts';
import type { Runtime } from './runtime.ts';
import { runtimeOf } from './runtime.ts';
import { certificateAlertOf } from './secure.ts';

/** A client that did not take the certificate that it was shown. */
export interface ClientRefusal {
  /** CLIENT_REJECTED_CERTIFICATE: who, what for, how, and the line that would mend it. */
  readonly failure: Failure;
  /** `host:port` that the client wanted. */
  readonly host: string;
  /** What it probably runs on. */
  readonly runtime: Runtime;
  /** `alert unknown_ca`, or that it left, and when. */
  readonly how: string;
}

/** A TLS session with a client, as far as its refusal is concerned. */
export interface Shown {
  readonly arrival: Arrival;
  /** `host:port` that it wanted. */
  readonly host: string;
  readonly read: ReadHello;
}

/** How a session ended that may have been refused. */
export interface Left {
  /** What the socket died of, where that is known. */
  readonly error: unknown;
  /** Whether it left without a word, and so soon that it can have been for the certificate. */
  readonly left: boolean;
  readonly when: 'during' | 'after';
}

/** Tells clients that refuse the certificate from those that merely leave. */
export interface Refusals {
  /** The client has spoken inside a session: it trusts what it was shown. */
  readonly trusts: (shown: Shown) => void;
  /** The refusal in the end of a session, where it is one. */
  readonly refusalIn: (shown: Shown, left: Left) => ClientRefusal | undefined;
}

/** Those that are remembered as trusting; the oldest falls out. */
const trustingMax = 1_000;

/**
 * An alert about the certificate is a client's word, early or late. That one leaves without a word
 * is none: probes and the losers of a race do so as well. It counts where a program meant to speak
 * HTTP, or is known to check only after the handshake, and where none of its kind, from this address,
 * has spoken with this host before.
 */
export function createRefusals(files: TrustFiles): Refusals {
  const trusting = new Set<string>();
  return {
    trusts(shown) {
      trusting.add(kindOf(shown));
      const [oldest] = trusting;
      if (trusting.size > trustingMax && oldest !== undefined) trusting.delete(oldest);
    },
    refusalIn(shown, { error, left, when }) {
      const { hello, marks } = shown.read;
      const alert = certificateAlertOf(error);
      const runtime = runtimeOf(marks, hello);
      const meant = left && means(hello, runtime) && !trusting.has(kindOf(shown));
      if (alert === undefined && !meant) return undefined;
      const late = when === 'after' ? ' after the handshake' : '';
      const how = alert === undefined ? `left ${when} the handshake` : `alert ${alert}${late}`;
      return refusal(shown, { runtime, how, error, remedy: remedyFor(runtime, files) });
    },
  };
}

/** These have no word for a refusal: Node's own client, and wget, check when the handshake is done. */
const wordless: ReadonlySet<Runtime> = new Set<Runtime>(['Node', 'GnuTLS']);

/** Whether it came to speak HTTP: a probe that only looks whether TLS answers offers no protocol. */
function means({ alpn }: ClientHello, runtime: Runtime): boolean {
  return wordless.has(runtime) || alpn.some((name) => name === 'h2' || name.startsWith('http/'));
}

/** Programs of one kind on one machine, and the host; extensions sorted, as browsers shuffle them. */
function kindOf({ arrival, host, read }: Shown): string {
  const { ciphers, extensions }: HelloMarks = read.marks;
  const sorted = extensions.toSorted((one, other) => one - other);
  return `${arrival.client.address} ${host} ${ciphers.join('-')} ${sorted.join('-')}`;
}

function refusal(
  { arrival, host, read }: Shown,
  found: {
    readonly runtime: Runtime;
    readonly how: string;
    readonly error: unknown;
    readonly remedy: string;
  },
): ClientRefusal {
  const { runtime, how, error, remedy } = found;
  const { serverName = 'no server name', alpn } = read.hello;
  const who = `${authorityOf({ host: arrival.client.address, port: arrival.client.port })}${
    runtime === 'unknown' ? '' : `, probably ${runtime},`
  }`;
  const asked = [serverName, ...alpn].join(', ');
  const detail = `the client ${who} refused the certificate for ${host} (${asked}): ${how}; ${remedy}`;
  const failure = new Failure('CLIENT_REJECTED_CERTIFICATE', detail, { cause: error });
  return { failure, host, runtime, how };
}
