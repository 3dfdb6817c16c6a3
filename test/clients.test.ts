import { describe, expect, test } from '@jest/globals';
import { createClients } from '../src/clients.ts';
import type { ClientsOptions } from '../src/clients.ts';

/** A resolver whose world can be changed, and a clock that is set by hand. */
function machine(world: Record<string, readonly string[]>) {
  const asked: string[] = [];
  const said: string[] = [];
  const clock = { ms: 100_000 };
  const options = (entries: ClientsOptions['entries']): ClientsOptions => ({
    entries,
    lookUp: (name) => {
      asked.push(name);
      return Promise.resolve(world[name] ?? []);
    },
    tell: (line) => void said.push(line),
    now: () => clock.ms,
  });
  return { asked, said, clock, options };
}

describe('clients that are listed', () => {
  test('by address and range are told apart at once, the narrowest first', async () => {
    const { options, asked } = machine({});
    const clients = await createClients(
      options([
        { cassette: 'jobs', at: '172.30.0.0/24' },
        { cassette: 'web', at: '172.30.0.5' },
        { cassette: 'six', at: 'fd00::/64' },
      ]),
    );
    expect(clients.cassetteOf('172.30.0.5')).toBe('web');
    expect(clients.cassetteOf('172.30.0.6')).toBe('jobs');
    expect(clients.cassetteOf('fd00::9')).toBe('six');
    expect(clients.cassetteOf('10.0.0.1')).toBeUndefined();
    expect(asked).toEqual([]);
  });

  test('by name are resolved at the start, and win over ranges, though not over addresses', async () => {
    const { options, said } = machine({ api: ['172.30.0.7', '172.30.0.5'] });
    const clients = await createClients(
      options([
        { cassette: 'jobs', at: '172.30.0.0/24' },
        { cassette: 'web', at: '172.30.0.5' },
        { cassette: 'api', at: 'api' },
      ]),
    );
    expect(clients.cassetteOf('172.30.0.7')).toBe('api');
    expect(clients.cassetteOf('172.30.0.5')).toBe('web');
    expect(said).toEqual(['MAGNETO_CLIENTS: api is 172.30.0.5, 172.30.0.7: cassette api']);
  });

  test('by a name that does not resolve are told of once, and found when it does', async () => {
    const world: Record<string, readonly string[]> = {};
    const { options, said, asked, clock } = machine(world);
    const clients = await createClients(options([{ cassette: 'api', at: 'api' }]));
    expect(said).toEqual([expect.stringContaining('api does not resolve so far')]);
    world['api'] = ['172.30.0.7'];
    // Just asked, so not again: strangers must not make a storm of questions.
    expect(clients.cassetteOf('172.30.0.7')).toBeUndefined();
    clock.ms += 1_000;
    expect(await clients.cassetteOf('172.30.0.7')).toBe('api');
    expect(clients.cassetteOf('172.30.0.7')).toBe('api');
    expect(asked).toHaveLength(2);
    expect(said).toHaveLength(2);
  });

  test('by a name that has moved are followed, and keep it while it is gone', async () => {
    const world: Record<string, readonly string[]> = { api: ['172.30.0.7'], web: ['172.30.0.8'] };
    const { options, clock } = machine(world);
    const entries = [
      { cassette: 'api', at: 'api' },
      { cassette: 'web', at: 'web' },
    ];
    const clients = await createClients(options(entries));
    world['api'] = [];
    world['web'] = ['172.30.0.9'];
    clock.ms += 30_000;
    expect(await clients.cassetteOf('172.30.0.7')).toBe('api');
    expect(clients.cassetteOf('172.30.0.9')).toBe('web');
    expect(clients.cassetteOf('172.30.0.8')).toBeUndefined();
  });

  test('are not kept waiting by a resolver that says nothing', async () => {
    const silent = new Promise<readonly string[]>(() => {});
    const startedAt = performance.now();
    const clients = await createClients({
      entries: [
        { cassette: 'api', at: 'api' },
        { cassette: 'jobs', at: '10.0.0.0/8' },
      ],
      lookUp: () => silent,
      tell: () => {},
    });
    // Neither by the first question, nor again by each client that comes.
    expect(clients.cassetteOf('10.0.0.1')).toBe('jobs');
    expect(performance.now() - startedAt).toBeLessThan(3_000);
  });

  test('wait for a slow resolver no more than now and then', async () => {
    const { options, clock } = machine({});
    const clients = await createClients({
      ...options([{ cassette: 'api', at: 'api' }]),
      lookUp: () => {
        clock.ms += 900;
        return Promise.resolve([]);
      },
    });
    clock.ms += 8_000;
    expect(clients.cassetteOf('10.0.0.1')).toBeUndefined();
    clock.ms += 200;
    expect(clients.cassetteOf('10.0.0.1')).toBeInstanceOf(Promise);
  });
});
