import { createConnection } from 'node:net';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createControl, createMetrics } from '../../src/control/control.ts';
import type { Control, ControlOptions, Ended, Metrics, Status } from '../../src/control/control.ts';
import { Failure } from '../../src/exchange/failure.ts';
import { createJournal, receipt } from '../../src/journal/journal.ts';
import { createStage } from '../../src/mode/mode.ts';

const ready: Status = {
  ready: true,
  mode: 'replay',
  cassette: 'default',
  interactions: 7,
  extra: 1,
};

describe('the control plane', () => {
  const journal = createJournal();
  const final = receipt(journal, {
    mode: 'replay',
    cassette: 'default',
    loaded: 7,
    records: false,
    unused: 7,
    unfinished: false,
    cassetteDigest: null,
    sealedReplay: false,
    bypassed: null,
  });
  let metrics: Metrics;
  let control: Control;
  let status: Status;
  let base: string;

  function build(own: Partial<ControlOptions>): Control {
    return createControl({
      status: () => status,
      receipt: () => Promise.resolve(final),
      certificatePem: () => '-----BEGIN CERTIFICATE-----\n',
      trustFile: async (name) => (name === 'cacerts' ? Buffer.from([0xfe, 0xed]) : undefined),
      metrics,
      allowClients: ['127.0.0.0/8'],
      hostnames: [],
      token: undefined,
      quit: () => undefined,
      stage: createStage(),
      ...own,
    });
  }

  beforeEach(async () => {
    status = ready;
    metrics = createMetrics({ journal });
    control = build({});
    const { port } = await control.listen('127.0.0.1', 0);
    base = `http://127.0.0.1:${port}`;
  });

  afterEach(async () => {
    await control.close();
    metrics.close();
  });

  test('says that it is ready, only when it is', async () => {
    const response = await fetch(`${base}/health`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({
      status: 'ready',
      mode: 'replay',
      cassette: 'default',
      interactions: 7,
      extra: 1,
    });
  });

  test('says why it is not ready', async () => {
    status = { ...ready, ready: false, reason: 'the disk is full' };
    const response = await fetch(`${base}/health`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ status: 'unready', reason: 'the disk is full' });
    status = { ...ready, ready: false };
    expect(await (await fetch(`${base}/health`)).json()).toMatchObject({ reason: 'not ready yet' });
  });

  test('hands out the receipt', async () => {
    const response = await fetch(`${base}/receipt?pretty`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ loaded: 7, served: 0, cassetteDigest: null });
  });

  test('hands out the CA certificate as a file', async () => {
    const response = await fetch(`${base}/ca.pem`);
    expect(await response.text()).toBe('-----BEGIN CERTIFICATE-----\n');
    expect(response.headers.get('content-type')).toBe('application/x-pem-file');
    expect(response.headers.get('content-disposition')).toContain('magneto-ca.pem');
  });

  test('serves the files of the trust kit, byte for byte, and says of others that they are not there', async () => {
    const response = await fetch(`${base}/trust/cacerts`);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      200,
      'application/octet-stream',
    ]);
    expect(Buffer.from(await response.arrayBuffer())).toEqual(Buffer.from([0xfe, 0xed]));
    const missing = await fetch(`${base}/trust/ca.key`);
    expect([missing.status, await missing.json()]).toMatchObject([
      404,
      { detail: 'there is no /trust/ca.key here' },
    ]);
    expect((await fetch(`${base}/trust/cacerts`, { method: 'POST' })).status).toBe(405);
  });

  test('hands out the metrics', async () => {
    const response = await fetch(`${base}/metrics`);
    expect(response.headers.get('content-type')).toContain('text/plain');
    expect(await response.text()).toContain('magneto_open_sockets 0');
  });

  test('has every page that docs/control-plane.md names, and by its method', async () => {
    const page = readFileSync('docs/control-plane.md', 'utf8');
    const rows = [...page.matchAll(/^\| `(GET|POST) (\/\S+)` \|/gm)];
    expect(rows.length).toBeGreaterThanOrEqual(10);
    for (const [, method, path = ''] of rows) {
      const other = method === 'GET' ? 'POST' : 'GET';
      const response = await fetch(`${base}${path.replace('FILE', 'cacerts')}`, { method: other });
      expect([path, response.status]).toEqual([path, 405]);
    }
  });

  test('answers HEAD with the length and no body', async () => {
    const response = await fetch(`${base}/health`, { method: 'HEAD' });
    expect(response.status).toBe(200);
    expect(Number(response.headers.get('content-length'))).toBeGreaterThan(10);
    expect(await response.text()).toBe('');
  });

  test.each(['/', '/healthz', '/__proto__', '/constructor', '//health'])(
    'knows no %s',
    async (path) => {
      const response = await fetch(`${base}${path}`);
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(await response.json()).toMatchObject({ status: 404, title: 'Not Found' });
    },
  );

  test.each(['POST', 'DELETE', 'OPTIONS'])('can only be read, not %s', async (method) => {
    const response = await fetch(`${base}/receipt`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
    expect(await response.json()).toMatchObject({ status: 405 });
  });

  test('ends the run when it is asked to, and tells what it came to', async () => {
    const asked = Promise.withResolvers<void>();
    const { promise, resolve } = Promise.withResolvers<Ended>();
    const quitting = build({
      quit: () => {
        asked.resolve();
        return promise;
      },
    });
    const { port } = await quitting.listen('127.0.0.1', 0);
    const going = fetch(`http://127.0.0.1:${port}/quit`, { method: 'POST', body: 'unread' });
    await asked.promise;
    // Closing waits for the answer, which comes when the take has ended.
    const closing = quitting.close();
    await sleep(20);
    resolve({ receipt: final, exitStatus: 3 });
    const response = await going;
    expect(response.status).toBe(200);
    expect(response.headers.get('connection')).toBe('close');
    expect(await response.json()).toEqual({ receipt: final, exitStatus: 3 });
    await closing;
  });

  test('an answer that does not come is not waited for when it closes', async () => {
    const asked = Promise.withResolvers<void>();
    const stuck = build({
      quit: () => {
        asked.resolve();
        return new Promise(() => {});
      },
    });
    const { port } = await stuck.listen('127.0.0.1', 0);
    const going = fetch(`http://127.0.0.1:${port}/quit`, { method: 'POST' });
    const lost = going.then(
      () => 'answered',
      () => 'lost',
    );
    await asked.promise;
    await stuck.close();
    expect(await lost).toBe('lost');
  });

  test('cannot end what has not begun', async () => {
    const response = await fetch(`${base}/quit`, { method: 'POST' });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'CONTROL_NOT_SERVING' });
  });

  test.each(['GET', 'HEAD', 'DELETE'])('ends nothing by %s', async (method) => {
    const response = await fetch(`${base}/quit`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
  });

  test('asks whoever changes something for the token', async () => {
    const guarded = build({ token: 'let-me-in', quit: () => Promise.reject(new Error('reached')) });
    const { port } = await guarded.listen('127.0.0.1', 0);
    const response = await fetch(`http://127.0.0.1:${port}/quit`, { method: 'POST' });
    expect(response.status).toBe(401);
    // What only reads needs none.
    expect((await fetch(`http://127.0.0.1:${port}/receipt`)).status).toBe(200);
    await guarded.close();
  });

  test('is not asked under a name that could be anybody’s', async () => {
    const { port } = new URL(base);
    const said = await say(Number(port), 'GET /receipt HTTP/1.1\r\nHost: evil.example\r\n');
    expect(said).toMatch(/^HTTP\/1.1 403 /);
    expect(said).toContain('CONTROL_HOST_UNKNOWN');
    expect(said).not.toContain('loaded');
  });

  test('never invites other origins', async () => {
    const headers = { origin: 'http://evil.example' };
    const response = await fetch(`${base}/receipt`, { headers });
    const names = [...response.headers.keys()];
    expect(names.filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('answers a client that takes it for its proxy', async () => {
    const port = Number(new URL(base).port);
    const said = await say(port, 'GET http://localhost:8889/health HTTP/1.1\r\nHost: x\r\n');
    expect(said).toMatch(/^HTTP\/1.1 200 /);
  });

  test('turns away who is in no allowed range', async () => {
    const picky = build({ allowClients: ['10.0.0.0/8'] });
    const { port } = await picky.listen('127.0.0.1', 0);
    const response = await fetch(`http://127.0.0.1:${port}/receipt`);
    expect(response.status).toBe(403);
    expect(response.headers.get('x-magneto-failure')).toBe('CLIENT_NOT_ALLOWED');
    expect(await response.json()).toMatchObject({ code: 'CLIENT_NOT_ALLOWED' });
    await picky.close();
  });

  test('listens on several addresses, and closes them with their connections', async () => {
    const second = await control.listen('127.0.0.2', 0);
    const idle = createConnection(second.port, '127.0.0.2');
    await once(idle, 'connect');
    await control.close();
    await once(idle, 'close');
    await expect(fetch(`${base}/health`)).rejects.toThrow('fetch failed');
    await control.close();
  });

  test('names the port that is taken', async () => {
    const other = build({});
    const port = Number(new URL(base).port);
    const failure = await other.listen('127.0.0.1', port).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    expect(failure).toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringContaining(`:${port}`),
    });
    await other.close();
  });

  test('names the address that cannot be listened on, with its reason', async () => {
    const failure = await control.listen('192.0.2.1', 0).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'LISTEN_FAILED',
      message: expect.stringContaining('192.0.2.1'),
      cause: { code: 'EADDRNOTAVAIL' },
    });
  });
});

/** What is answered to a head, given without its last lines. */
async function say(port: number, head: string): Promise<string> {
  const socket = createConnection(port, '127.0.0.1');
  socket.end(`${head}Connection: close\r\n\r\n`);
  let text = '';
  for await (const chunk of socket) text += String(chunk);
  return text;
}
