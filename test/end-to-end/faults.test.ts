import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './child.ts';
import { ask } from './client.ts';
import { askRaw } from './raw-client.ts';
import { modeIn, startWith, withAppliance, withFolder } from './with-appliance.ts';

interface Origin {
  readonly port: number;
  readonly asked: () => number;
  readonly stop: () => Promise<void>;
}

async function startOrigin(): Promise<Origin> {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.end(`answer ${asked}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port, asked: () => asked, stop };
}

const get = (port: number, path = '/'): string =>
  `GET http://localhost:${port}${path} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`;

/** Records one answer, then hands over a replay with faults. */
async function replayedWith(
  faults: Readonly<Record<string, string>>,
  body: (proxyPort: number, port: number) => Promise<void>,
): Promise<Readonly<Record<string, unknown>>> {
  const origin = await startOrigin();
  return withFolder(async (folder) => {
    await withAppliance(modeIn(folder, 'record'), async ({ via }) => {
      await askRaw(via.proxyPort, get(origin.port));
    });
    await origin.stop();
    const { receipt } = await withAppliance({ ...modeIn(folder, 'replay'), ...faults }, ({ via }) =>
      body(via.proxyPort, origin.port),
    );
    return { ...receipt };
  });
}

describe('a fault on purpose reaches the client as the real thing would', () => {
  test.each([
    ['reset', { ended: 'reset', head: '' }],
    ['truncate=3', { ended: 'end', body: 'ans' }],
    ['reset=3', { ended: 'reset', body: 'ans' }],
    ['status=503', { ended: 'whole', body: '' }],
    ['slice=2', { ended: 'whole', body: 'answer 1' }],
    ['goaway', { ended: 'end', head: '' }],
  ])('%s', async (fault, expected) => {
    const receipt = await replayedWith(
      { MAGNETO_FAULTS: `localhost ${fault}` },
      async (proxyPort, port) => {
        const { body, ended, head } = await askRaw(proxyPort, get(port));
        expect({ body: body.toString(), ended, head }).toMatchObject(expected);
        if (fault === 'status=503') expect(head).toContain('503 ');
      },
    );
    expect(receipt).toMatchObject({ faults: 1, liveCalls: 0, missed: 0 });
  });

  test('refuse: a CONNECT is refused too', async () => {
    const receipt = await replayedWith({ MAGNETO_FAULTS: '* refuse' }, async (proxyPort, port) => {
      const connect = `CONNECT localhost:${port} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`;
      const { head } = await askRaw(proxyPort, connect);
      expect(head).toContain('502');
      expect(head).toContain('UPSTREAM_REFUSED');
    });
    expect(receipt).toMatchObject({ faults: 1 });
  });

  test('slowclose and bandwidth take their time', async () => {
    const faults = { MAGNETO_FAULTS: 'localhost/slow* slowclose=150; localhost/ bandwidth=80' };
    await replayedWith(faults, async (proxyPort, port) => {
      const begun = performance.now();
      const { body } = await askRaw(proxyPort, get(port));
      expect(body.toString()).toBe('answer 1');
      expect(performance.now() - begun).toBeGreaterThan(80);
    });
  });
});

test('the same seed brings the same faults, and the log says which it was', async () => {
  const lucks: string[] = [];
  for (const seed of ['7', '7', '']) {
    const more = seed === '' ? {} : { MAGNETO_FAULT_SEED: seed };
    await replayedWith({ MAGNETO_FAULTS: '* status=500@50%', ...more }, async (proxyPort, port) => {
      let luck = '';
      for (let one = 0; one < 20; one += 1) {
        const { head } = await askRaw(proxyPort, get(port));
        luck += head.includes(' 500 ') ? 'x' : '.';
      }
      lucks.push(luck);
    });
  }
  expect(lucks[0]).toBe(lucks[1]);
  expect(lucks[0]).toMatch(/x/);
  expect(lucks[0]).toMatch(/\./);
});

test('a recording is whole, whatever its client met', async () => {
  const origin = await startOrigin();
  await withFolder(async (folder) => {
    const faults = { MAGNETO_FAULTS: '* truncate=2' };
    await withAppliance({ ...modeIn(folder, 'record'), ...faults }, async ({ via, log }) => {
      expect((await askRaw(via.proxyPort, get(origin.port))).body.toString()).toBe('an');
      expect(log.some(({ msg }) => String(msg).includes('MAGNETO_FAULT_SEED='))).toBe(true);
    });
    await origin.stop();
    await withAppliance(modeIn(folder, 'replay'), async ({ via }) => {
      expect((await askRaw(via.proxyPort, get(origin.port))).body.toString()).toBe('answer 1');
    });
  });
});

test('a breaker leaves a dead destination alone, says so, and tries again later', async () => {
  const port = await freePort();
  await withFolder(async (folder) => {
    const variables = { ...modeIn(folder, 'passthrough'), MAGNETO_BREAKER: '2/1' };
    const { appliance, via, log } = await startWith(variables);
    try {
      const codeOf = async (): Promise<string> => {
        const told = await ask(via, { url: `http://localhost:${port}/` });
        return `${told.status} ${told.headers[told.headers.indexOf('X-Magneto-Failure') + 1]}`;
      };
      expect(await codeOf()).toBe('502 UPSTREAM_REFUSED');
      expect(await codeOf()).toBe('502 UPSTREAM_REFUSED');
      expect(await codeOf()).toBe('503 BREAKER_OPEN');
      expect(log.filter(({ code }) => code === 'BREAKER_OPEN')).toHaveLength(1);
      await sleep(1100);
      expect(await codeOf()).toBe('502 UPSTREAM_REFUSED');
    } finally {
      await appliance.stop();
    }
  });
});
