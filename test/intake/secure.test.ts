import type { Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { SecureSession, SecureTerms } from '../../src/intake/secure.ts';
import { certificateAlertOf, leftEarly, secure } from '../../src/intake/secure.ts';
import type { Authority } from '../../src/tls/tls.ts';
import { openAuthority } from '../../src/tls/tls.ts';
import { withDirectory } from '../tls/tools.ts';

let authority: Authority;
let leave = (): void => {};
let left: Promise<void>;

beforeAll(async () => {
  await new Promise<void>((ready, failed) => {
    left = withDirectory(async (directory) => {
      authority = await openAuthority({ directory });
      ready();
      await new Promise<void>((resolve) => {
        leave = resolve;
      });
    });
    left.catch(failed);
  });
});

afterAll(async () => {
  leave();
  await left;
});

interface Shaken {
  readonly session?: SecureSession;
  readonly error?: unknown;
  readonly raw: Socket;
}

/** What became of a handshake with a client. */
async function shake(
  options: ConnectionOptions & { readonly protocol?: SecureTerms['protocol'] },
  client: (socket: TLSSocket) => void = () => {},
): Promise<Shaken> {
  const shown = 'protocol' in options ? options.protocol : 'none';
  const secureContext = await authority.contextFor('a.test');
  const server = createServer({ allowHalfOpen: true });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const accepted = new Promise<Socket>((resolve) => {
    server.once('connection', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', servername: 'a.test', ...options });
  socket.on('error', () => {});
  client(socket);
  const raw = await accepted;
  raw.on('error', () => {});
  try {
    const session = await secure(raw, { secureContext, protocol: shown });
    session.socket.on('error', () => {}).destroy();
    return { session, raw };
  } catch (error) {
    return { error, raw };
  } finally {
    socket.destroy();
    server.close();
  }
}

describe('a handshake', () => {
  test('that succeeds', async () => {
    const { session } = await shake({ ca: authority.certificatePem });
    expect(session?.socket.encrypted).toBe(true);
    expect(session?.socket.alpnProtocol).toBe(false);
    expect(session?.refusableUntil).toBeGreaterThan(performance.now());
  });

  test.each(['h2', 'http/1.1'] as const)('tells the client that it speaks %s', async (protocol) => {
    const ALPNProtocols = ['h2', 'http/1.1'];
    const { session } = await shake({ ca: authority.certificatePem, protocol, ALPNProtocols });
    expect(session?.socket.alpnProtocol).toBe(protocol);
  });

  test('fails where no protocol fits, which is no refusal', async () => {
    const { error, raw } = await shake({ protocol: undefined, ALPNProtocols: ['h2'] });
    expect(error).toMatchObject({ code: 'ERR_SSL_NO_APPLICATION_PROTOCOL' });
    expect(certificateAlertOf(error)).toBeUndefined();
    expect(leftEarly(error)).toBe(false);
    expect(raw.destroyed).toBe(true);
  });

  test('that the client breaks off when it sees the certificate', async () => {
    const { error, raw } = await shake({}, (socket) => {
      socket.once('keylog', () => setImmediate(() => socket.destroy()));
    });
    expect(leftEarly(error)).toBe(true);
    expect(raw.destroyed).toBe(true);
  });

  test('that the client leaves by a reset', async () => {
    const { error } = await shake({}, (socket) => {
      socket.once('keylog', () => setImmediate(() => socket.resetAndDestroy()));
    });
    expect(leftEarly(error)).toBe(true);
  });
});

test('alerts about the certificate are told from others', () => {
  const error = (code: string): Error => Object.assign(new Error('x'), { code });
  const alerts: Readonly<Record<string, string>> = {
    ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'unknown_ca',
    ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'bad_certificate',
    'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN': 'certificate_unknown',
    ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'certificate_expired',
    ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: 'access_denied',
  };
  for (const [code, name] of Object.entries(alerts)) {
    expect(certificateAlertOf(error(code))).toBe(name);
  }
  for (const code of ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'ECONNRESET', 'EPIPE']) {
    expect(certificateAlertOf(error(code))).toBeUndefined();
  }
  expect(certificateAlertOf(undefined)).toBeUndefined();
  expect(leftEarly(error('ECONNRESET'))).toBe(true);
});
