import type { Duplex } from 'node:stream';
import type { SecureContext, TLSSocketOptions } from 'node:tls';
import { TLSSocket } from 'node:tls';
import { errorCode } from '../support/system-error.ts';
import type { chooseProtocol } from './route.ts';

/** The bound of a handshake, as Node's own TLS server has it. */
const handshakeMsMax = 120_000;
/** A client that refuses the certificate leaves at once: within this time at the least. */
const farewellMsMin = 100;
/** And at the most: who is idle for longer than this may have other reasons, however slow the way is. */
const farewellMsMax = 2000;

/** What a client is shown, and told. */
export interface SecureTerms {
  readonly secureContext: SecureContext;
  readonly protocol: ReturnType<typeof chooseProtocol>;
}

/** A TLS session with a client. */
export interface SecureSession {
  readonly socket: TLSSocket;
  /** Until when (`performance.now()`) a client that leaves without a word has refused the certificate. */
  readonly refusableUntil: number;
}

/** A client closed its connection before the handshake was done. */
class ClientLeft extends Error {
  constructor() {
    super('it left during the TLS handshake');
    this.name = 'ClientLeft';
  }
}

/**
 * Does the server's side of a TLS handshake on a socket whose hello was only looked at.
 * Rejects with the error of the handshake; the socket is then destroyed.
 */
export function secure(
  socket: Duplex,
  { secureContext, protocol }: SecureTerms,
): Promise<SecureSession> {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const session = new TLSSocket(socket, {
      isServer: true,
      secureContext,
      ...protocolChoice(protocol),
    });
    let failed: Error | undefined;
    let established = false;
    const timer = setTimeout(() => {
      failed = new Error(`no TLS handshake within ${handshakeMsMax / 1000} s`);
      session.destroy();
    }, handshakeMsMax);
    session.on('error', (error) => {
      failed ??= error;
    });
    // Node tells of TLS errors here; after the handshake it leaves it to a server object, which
    // this socket has not, to pass them on.
    session.on('_tlsError', (error: Error) => {
      failed ??= error;
      if (established) session.destroy(error);
    });
    session.once('secure', () => {
      established = true;
      // This too a server object does; HTTP/2 would wait for it for ever.
      Object.assign(session, { secureConnecting: false });
      clearTimeout(timer);
      const tookMs = performance.now() - startedAt;
      const patienceMs = Math.min(farewellMsMax, Math.max(farewellMsMin, 10 * tookMs));
      const refusableUntil = performance.now() + patienceMs;
      resolve({ socket: session, refusableUntil });
    });
    session.once('end', () => {
      // Half-open sockets stay open: nobody else would close this one.
      if (!established) session.destroy();
    });
    session.once('close', () => {
      clearTimeout(timer);
      reject(failed ?? new ClientLeft());
      socket.destroy();
    });
  });
}

/** A client's word on the certificate (alerts 42 to 46, 48 and 49 of RFC 8446, 6.2), by its name there. */
export function certificateAlertOf(error: unknown): string | undefined {
  const alert =
    /ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_(?:REVOKED|EXPIRED|UNKNOWN)|UNKNOWN_CA|ACCESS_DENIED)$/;
  return alert.exec(errorCode(error) ?? '')?.[1]?.toLowerCase();
}

/** Whether a handshake ended because the client left, without an alert, when it had seen the certificate. */
export function leftEarly(error: unknown): boolean {
  return error instanceof ClientLeft || errorCode(error) === 'ECONNRESET';
}

function protocolChoice(choice: SecureTerms['protocol']): TLSSocketOptions {
  // Node turns "nothing" into a fatal no_application_protocol (RFC 7301, 3.2).
  return choice === 'none' ? {} : { ALPNCallback: () => choice };
}
