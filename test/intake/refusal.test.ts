import { Duplex } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import type { Refusals, Shown } from '../../src/intake/refusal.ts';
import { createRefusals } from '../../src/intake/refusal.ts';

const files = { certificateFile: '/certs/ca.pem', trustDir: undefined };
const node = [0x13_02, 0x13_03, 0x13_01, 0xc0_2f, 0xc0_2b, 0xc0_30, 0xc0_2c];

/** A session with a client of these marks. */
function shown(more: {
  readonly alpn?: readonly string[];
  readonly ciphers?: readonly number[];
  readonly extensions?: readonly number[];
  readonly host?: string;
  readonly address?: string;
  readonly serverName?: string;
}): Shown {
  const { alpn = [], ciphers = [1], extensions = [0], host = 'a.test:443', serverName } = more;
  return {
    host,
    arrival: {
      socket: new Duplex(),
      client: { address: more.address ?? '127.0.0.1', port: 5 },
      session: { name: 'test', upstream: { offer: never, open: never } },
      depth: 1,
      reset() {},
    },
    read: {
      hello: serverName === undefined ? { alpn } : { alpn, serverName },
      marks: { ciphers, extensions, version: 0x03_04 },
    },
  };
}

function never(): Promise<never> {
  return Promise.reject(new Error('nobody asks'));
}

const alert = Object.assign(new Error('x'), { code: 'ERR_SSL_TLSV1_ALERT_UNKNOWN_CA' });

function leaves(refusals: Refusals, who: Shown): string | undefined {
  return refusals.refusalIn(who, { error: undefined, left: true, when: 'after' })?.how;
}

describe('an alert about the certificate', () => {
  test('is a refusal, and says all that is known', () => {
    const who = shown({ serverName: 'a.test', alpn: ['h2', 'http/1.1'], ciphers: node });
    const refusals = createRefusals(files);
    const refusal = refusals.refusalIn(who, { error: alert, left: false, when: 'during' });
    expect(refusal).toMatchObject({
      host: 'a.test:443',
      runtime: 'Node',
      how: 'alert unknown_ca',
      failure: { code: 'CLIENT_REJECTED_CERTIFICATE', cause: alert },
    });
    expect(refusal?.failure.message).toBe(
      'the client 127.0.0.1:5, probably Node, refused the certificate for a.test:443 ' +
        '(a.test, h2, http/1.1): alert unknown_ca; NODE_EXTRA_CA_CERTS=/certs/ca.pem',
    );
  });

  test('is one also when it comes late, and of one that has spoken before', () => {
    const refusals = createRefusals(files);
    refusals.trusts(shown({}));
    const refusal = refusals.refusalIn(shown({}), { error: alert, left: false, when: 'after' });
    expect(refusal?.how).toBe('alert unknown_ca after the handshake');
    expect(refusal?.failure.message).toContain(
      'the client 127.0.0.1:5 refused the certificate for a.test:443 (no server name):',
    );
  });
});

describe('leaving without a word', () => {
  test.each([
    ['one that meant to speak HTTP/1.1', { alpn: ['http/1.1'] }],
    ['one that meant to speak HTTP/2', { alpn: ['h2'] }],
    ['Node, which does not say so', { ciphers: node }],
    ['GnuTLS, which wget is built on', { ciphers: [0x13_02, 0x13_03, 0x13_01, 0x13_04] }],
  ])('is a refusal of %s', (_, who) => {
    expect(leaves(createRefusals(files), shown(who))).toBe('left after the handshake');
  });

  test.each([
    ['a probe, which offers no protocol', {}],
    ['one that meant to speak something else', { alpn: ['imap'] }],
  ])('is none of %s', (_, who) => {
    expect(leaves(createRefusals(files), shown(who))).toBeUndefined();
  });

  test('is none where it did not leave at once', () => {
    const who = shown({ alpn: ['h2'] });
    const end = { error: undefined, left: false, when: 'after' } as const;
    expect(createRefusals(files).refusalIn(who, end)).toBeUndefined();
  });

  test('is none of a kind of client that has spoken with the host before, whatever the order of its extensions', () => {
    const refusals = createRefusals(files);
    const one = { alpn: ['h2'], ciphers: [1, 2], extensions: [0, 16, 43] };
    refusals.trusts(shown(one));
    expect(leaves(refusals, shown({ ...one, extensions: [43, 0, 16] }))).toBeUndefined();
    for (const other of [{ host: 'b.test:443' }, { address: '127.0.0.2' }, { ciphers: [2, 1] }]) {
      expect(leaves(refusals, shown({ ...one, ...other }))).toBe('left after the handshake');
    }
  });

  test('is one again when too many others have spoken since', () => {
    const refusals = createRefusals(files);
    const client = { alpn: ['h2'] };
    refusals.trusts(shown(client));
    for (let count = 0; count < 1000; count++) {
      refusals.trusts(shown({ ...client, host: `${count}.test:443` }));
    }
    expect(leaves(refusals, shown(client))).toBe('left after the handshake');
  });
});
