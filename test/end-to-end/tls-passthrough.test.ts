import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import { until } from '../intake/tools.ts';
import { ask, tunnel } from './client.ts';
import type { Origin } from './origin.ts';
import { startOrigin } from './origin.ts';
import type { Running } from './with-appliance.ts';
import { modeIn, withAppliance, withFolder } from './with-appliance.ts';

/** What a client hears that trusts the real server, and not magneto. */
function askReal(running: Running, origin: Origin): Promise<string> {
  const via = { ...running.via, caFile: origin.caFile };
  return ask(via, { url: `https://localhost:${origin.httpsPort}/hello` }).then(
    ({ status }) => String(status),
    (error: unknown) => String(error),
  );
}

/** Runs a body with a server and the variables of modes in one folder. */
async function withOrigin(
  body: (at: {
    readonly origin: Origin;
    readonly variables: (mode: string) => Readonly<Record<string, string>>;
  }) => Promise<void>,
): Promise<void> {
  const origin = await startOrigin();
  try {
    await withFolder((folder) =>
      body({
        origin,
        variables: (mode) => ({ ...modeIn(folder, mode), MAGNETO_UPSTREAM_CA: origin.caFile }),
      }),
    );
  } finally {
    await origin.stop();
  }
}

describe('a host of MAGNETO_TLS_PASSTHROUGH', () => {
  const option = { MAGNETO_TLS_PASSTHROUGH: 'localhost' };

  test.each(['record', 'passthrough'])(
    'meets its client with its own certificate: %s',
    async (mode) => {
      await withOrigin(async ({ origin, variables }) => {
        const { receipt, exitStatus } = await withAppliance(
          { ...variables(mode), ...option },
          async (running) => {
            expect(await askReal(running, origin)).toBe('200');
            expect(await askReal(running, origin)).toBe('200');
          },
        );
        expect(receipt).toMatchObject({
          recorded: 0,
          streams: 2,
          incomplete: false,
          passedThrough: [
            { destination: `localhost:${origin.httpsPort}`, count: 2, because: 'option' },
          ],
          clientRefusals: [],
        });
        expect(exitStatus).toBe(0);
        expect(origin.saw()).toBe(2);
      });
    },
  );

  test('is a miss in a strict replay, reaches no network, and is said in its own words', async () => {
    await withOrigin(async ({ origin, variables }) => {
      await withAppliance(variables('record'), async ({ via }) => {
        await ask(via, { url: `http://localhost:${origin.httpPort}/hello` });
      });
      const before = origin.saw();
      const { receipt, exitStatus } = await withAppliance(
        { ...variables('replay'), ...option },
        async (running) => {
          expect(await askReal(running, origin)).toMatch(/ECONNRESET|disconnected/);
          const [line] = running.log.filter(({ code }) => code === 'PASSTHROUGH_UNRECORDED');
          expect(line).toMatchObject({
            msg: expect.stringMatching(/localhost:\d+ .*MAGNETO_LIVE/),
          });
        },
      );
      expect(receipt).toMatchObject({ missed: 1, liveCalls: 0, passedThrough: [] });
      expect(exitStatus).toBe(3);
      expect(origin.saw()).toBe(before);
    });
  });

  test('is passed through by a replay that may reach the network', async () => {
    await withOrigin(async ({ origin, variables }) => {
      await withAppliance(variables('record'), async () => {});
      const permissive = { ...option, MAGNETO_ON_MISS: 'passthrough' };
      const { receipt } = await withAppliance(
        { ...variables('replay'), ...permissive },
        async (running) => expect(await askReal(running, origin)).toBe('200'),
      );
      expect(receipt.passedThrough).toMatchObject([{ count: 1 }]);
    });
  });
});

describe('after refusals', () => {
  /** A client that trusts the real server only, and waits until its refusal is counted. */
  async function refuse(running: Running, origin: Origin): Promise<void> {
    const count = (): number => {
      const { clientRefusals } = running.appliance.receipt();
      return clientRefusals.reduce((sum, one) => sum + one.count, 0);
    };
    const before = count();
    expect(await askReal(running, origin)).toMatch(/certificate/);
    await until(() => count() > before);
  }

  test('a host is passed through, never silently: the take is incomplete', async () => {
    await withOrigin(async ({ origin, variables }) => {
      const host = `localhost:${origin.httpsPort}`;
      const more = { MAGNETO_TLS_PASSTHROUGH_AFTER: '2' };
      const { receipt, exitStatus } = await withAppliance(
        { ...variables('record'), ...more },
        async (running) => {
          await refuse(running, origin);
          await refuse(running, origin);
          expect(await askReal(running, origin)).toBe('200');
          expect(running.appliance.status()).toMatchObject({ ready: true, incomplete: [host] });
          const codes = running.log.map(({ code }) => code);
          expect(codes).toContain('PASSED_THROUGH_AFTER_REFUSALS');
        },
      );
      expect(receipt).toMatchObject({
        incomplete: true,
        passedThrough: [{ destination: host, count: 1, because: 'refusals' }],
      });
      expect(receipt.clientRefusals).toMatchObject([{ host, runtime: 'Node' }]);
      expect(exitStatus).toBe(1);
    });
  });

  test('of a strict replay nothing is passed through', async () => {
    await withOrigin(async ({ origin, variables }) => {
      await withAppliance(variables('record'), async ({ via }) => {
        await ask(via, { url: `https://localhost:${origin.httpsPort}/hello` });
      });
      const more = { MAGNETO_TLS_PASSTHROUGH_AFTER: '1' };
      const { receipt } = await withAppliance(
        { ...variables('replay'), ...more },
        async (running) => {
          await refuse(running, origin);
          await refuse(running, origin);
        },
      );
      expect(receipt).toMatchObject({ incomplete: false, passedThrough: [], liveCalls: 0 });
    });
  });
});

test('an opaque port is not looked at: TLS goes through it as it came, at once', async () => {
  await withOrigin(async ({ origin, variables }) => {
    const more = { MAGNETO_OPAQUE_PORTS: String(origin.httpsPort) };
    const { receipt } = await withAppliance(
      { ...variables('record'), ...more },
      async (running) => {
        expect(await askReal(running, origin)).toBe('200');
      },
    );
    expect(receipt).toMatchObject({ streams: 1, recorded: 0, passedThrough: [] });
    const { receipt: replayed } = await withAppliance(
      { ...variables('replay'), ...more },
      async ({ via, log }) => {
        const socket = connect({
          socket: await tunnel(via, `localhost:${origin.httpsPort}`),
          ca: readFileSync(origin.caFile),
        });
        const error = await new Promise((resolve) => {
          socket.once('error', resolve);
        });
        expect(String(error)).toMatch(/ECONNRESET|disconnected/);
        expect(log.map(({ code }) => code)).toContain('UNRECORDED_STREAM');
      },
    );
    expect(replayed).toMatchObject({ missed: 1, liveCalls: 0 });
  });
});
