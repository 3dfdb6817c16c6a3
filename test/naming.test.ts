import { describe, expect, test } from '@jest/globals';
import { loadSettings } from '../src/config/config.ts';
import type { Settings } from '../src/config/config.ts';
import type { Session } from '../src/exchange/arrival.ts';
import { openCapture, openNaming } from '../src/naming.ts';
import { createResolver } from '../src/network/network.ts';
import { reachableAddresses } from '../src/support/interfaces.ts';
import { plainFinding } from '../src/support/dns-finding.ts';
import { answered, question } from './support/name-server.ts';

const settingsOf = (env: NodeJS.ProcessEnv): Settings => loadSettings({ env }).settings;
const upstream: Session['upstream'] = {
  offer: () => Promise.resolve({ type: 'unknown' }),
  open: () => Promise.reject(new Error('nobody asks')),
};

describe('capture', () => {
  test('is off by default, and its library is not loaded', async () => {
    expect(await openCapture(settingsOf({ MAGNETO_REDIRECT_PORTS: '8888' }))).toBeUndefined();
  });

  test('asks the kernel where it is on', async () => {
    expect(await openCapture(settingsOf({ MAGNETO_TRANSPARENT: 'true' }))).toBeInstanceOf(Function);
  });

  test.each([['8888'], ['8889'], ['8853']])('refuses port %s, its own', async (port) => {
    const env = { MAGNETO_TRANSPARENT: 'true', MAGNETO_REDIRECT_PORTS: `3000,${port}` };
    await expect(openCapture(settingsOf(env))).rejects.toMatchObject({
      code: 'CAPTURED_PORT_IS_OWN',
      message: expect.stringContaining(port),
    });
  });
});

/** A session that all clients share. */
const shared = (resolver?: Session['resolver']) => {
  const session: Session = { name: 's', upstream, ...(resolver && { resolver }) };
  return { ...session, of: () => session };
};

describe('names', () => {
  const settings = settingsOf({ MAGNETO_TRANSPARENT: 'true', MAGNETO_DNS_PORT: '0' });
  const onLost = (): void => {};

  test('are answered on loopback only', async () => {
    const resolver = { resolve: () => Promise.reject(new Error('nobody asks')) };
    const naming = await openNaming({
      settings,
      session: shared(resolver),
      onLost,
      async listen(names, { hosts, port }) {
        expect([hosts, port]).toEqual([['127.0.0.1', '::1'], 0]);
        const { address, port: own } = await names.listen('127.0.0.1', 0);
        return [{ host: address, port: own }];
      },
    });
    expect(naming.addresses).toMatchObject([{ host: '127.0.0.1' }]);
    await naming.close();
  });

  test('are answered by the session of who asks, and of a gateway on every address of its own', async () => {
    const asked: string[] = [];
    const own = (name: string): Session => ({
      name,
      upstream,
      resolver: {
        resolve: (one) => {
          asked.push(name);
          return Promise.resolve(answered(one, plainFinding('NXDOMAIN'), 'replayed'));
        },
      },
    });
    const naming = await openNaming({
      settings: settingsOf({
        MAGNETO_TRANSPARENT: 'true',
        MAGNETO_DNS_PORT: '0',
        MAGNETO_GATEWAY: 'true',
      }),
      session: { ...own('shared'), of: async ({ address }) => own(`of ${address}`) },
      onLost,
      async listen(names, { hosts }) {
        expect(hosts).toEqual(['127.0.0.1', '::1', ...reachableAddresses()]);
        const { address, port } = await names.listen('127.0.0.1', 0);
        const resolver = createResolver({ servers: ['127.0.0.1'], port });
        await resolver.resolve(question('a.test'));
        return [{ host: address, port }];
      },
    });
    expect(asked).toEqual(['of 127.0.0.1']);
    await naming.close();
  });

  test('are answered nowhere by a session that has no names', async () => {
    const naming = await openNaming({
      settings,
      session: shared(),
      onLost,
      listen: () => Promise.reject(new Error('it listened')),
    });
    expect(naming.addresses).toEqual([]);
    await naming.close();
  });

  test('that cannot be listened for leave nothing open', async () => {
    const resolver = { resolve: () => Promise.reject(new Error('nobody asks')) };
    const opening = openNaming({
      settings,
      session: shared(resolver),
      onLost,
      async listen(names) {
        await names.listen('127.0.0.1', 0);
        throw new Error('no second address');
      },
    });
    await expect(opening).rejects.toThrow('no second address');
  });
});
