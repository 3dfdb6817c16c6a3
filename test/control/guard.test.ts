import type { IncomingMessage } from 'node:http';
import { hostname } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import type { GuardOptions } from '../../src/control/guard.ts';
import { createGuard } from '../../src/control/guard.ts';

/** A request, as far as a guard looks at it. */
function request(
  headers: Readonly<Record<string, string>>,
  { from = '10.0.0.7', url = '/quit' } = {},
): IncomingMessage {
  return { headers, url, socket: { remoteAddress: from } } as unknown as IncomingMessage;
}

const open: GuardOptions = {
  allowClients: ['127.0.0.0/8', '::1', '10.0.0.0/8'],
  hostnames: [],
  token: undefined,
};

/** The code of what a reply refuses with. */
function codeOf(reply: { readonly headers?: Readonly<Record<string, string>> } | undefined) {
  return reply?.headers?.['X-Magneto-Failure'];
}

describe('whoever asks', () => {
  test('has to be on the list', () => {
    expect(codeOf(createGuard(open).refuse(request({ host: 'x' }, { from: '192.0.2.1' })))).toBe(
      'CLIENT_NOT_ALLOWED',
    );
  });

  test.each([
    'localhost',
    'LOCALHOST:8889',
    'a.localhost',
    '127.0.0.1:8889',
    '203.0.113.9',
    '[::1]:8889',
    'magneto',
    'my_service-1:8889',
    'magneto.local',
    'host.docker.internal:8889',
    'ci.example.org',
    'a.build.example.org.',
    hostname(),
  ])('may ask for %s', (host) => {
    const hostnames = ['ci.example.org', '*.build.example.org'];
    expect(createGuard({ ...open, hostnames }).refuse(request({ host }))).toBeUndefined();
  });

  test.each([
    'evil.example',
    'evil.example:8889',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'magneto.local.evil.example',
    'xlocalhost.',
    'a b',
    '',
    'user@localhost',
  ])('may not ask for %j', (host) => {
    const code = host === 'xlocalhost.' ? undefined : 'CONTROL_HOST_UNKNOWN';
    expect(codeOf(createGuard(open).refuse(request({ host })))).toBe(code);
  });

  test('is held to the target too, where that is a whole URL', () => {
    const guard = createGuard(open);
    const asking = (url: string) => codeOf(guard.refuse(request({ host: 'localhost' }, { url })));
    expect(asking('http://evil.example/quit')).toBe('CONTROL_HOST_UNKNOWN');
    expect(asking('http://localhost:8889/quit')).toBeUndefined();
  });

  test('needs no Host header in HTTP/1.0', () => {
    expect(createGuard(open).refuse(request({}))).toBeUndefined();
  });
});

describe('without a token', () => {
  const guard = createGuard(open);

  test.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])('%s may change', (from) => {
    expect(guard.refuseChange(request({}, { from }))).toBeUndefined();
  });

  test('nobody else may, and is told of the variable', () => {
    const reply = guard.refuseChange(request({}));
    expect(reply?.status).toBe(403);
    expect(codeOf(reply)).toBe('CONTROL_TOKEN_UNSET');
    expect(reply?.body).toContain('MAGNETO_CONTROL_TOKEN');
  });
});

describe('with a token', () => {
  const guard = createGuard({ ...open, token: 'let-me-in' });

  test.each(['Bearer let-me-in', 'bearer  let-me-in'])('%j may change', (authorization) => {
    expect(guard.refuseChange(request({ authorization }))).toBeUndefined();
  });

  test.each([
    undefined,
    '',
    'let-me-in',
    'Bearer',
    'Bearer let-me-inn',
    'Bearer let-me-i',
    'Basic let-me-in',
    'Bearer let-me-in let-me-in',
  ])('%j may not, on loopback neither', (authorization) => {
    const headers = authorization === undefined ? {} : { authorization };
    for (const from of ['10.0.0.7', '127.0.0.1']) {
      const reply = guard.refuseChange(request(headers, { from }));
      expect(reply?.status).toBe(401);
      expect(codeOf(reply)).toBe('CONTROL_TOKEN_WRONG');
      expect(reply?.headers).toMatchObject({ 'WWW-Authenticate': 'Bearer' });
      expect(reply?.body).not.toContain('let-me-in');
    }
  });
});

test.each<Readonly<Record<string, string>>>([
  { origin: 'http://evil.example' },
  { origin: 'null' },
  { origin: 'http://localhost:8889' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
])('a page may change nothing: %j', (headers) => {
  const guard = createGuard({ ...open, token: 'let-me-in' });
  const asking = request({ ...headers, authorization: 'Bearer let-me-in' }, { from: '127.0.0.1' });
  expect(codeOf(guard.refuseChange(asking))).toBe('CONTROL_ORIGIN_REFUSED');
});

test('a user who types the address into a browser is no page', () => {
  const asking = request({ 'sec-fetch-site': 'none' }, { from: '127.0.0.1' });
  expect(createGuard(open).refuseChange(asking)).toBeUndefined();
});
