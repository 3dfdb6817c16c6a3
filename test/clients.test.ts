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

  test('by a name that does not resolve are told of once, and found at their first connection', async () => {
    const world: Record<string, readonly string[]> = {};
    const { options, said, asked, clock } = machine(world);
    const clients = await createClients(options([{ cassette: 'api', at: 'api' }]));
    expect(said).toEqual([expect.stringContaining('api does not resolve so far')]);
    world['api'] = ['172.30.0.7'];
    clock.ms += 100;
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
    expect(await clients.cassetteOf('172.30.0.8')).toBeUndefined();
    // Its address is another one's now.
    world['web'] = ['172.30.0.7'];
    clock.ms += 30_000;
    expect(await clients.cassetteOf('172.30.0.7')).toBe('web');
  });

  test('do not wait for one name where another one is theirs', async () => {
    const { options, clock } = machine({});
    let asked = 0;
    const clients = await createClients({
      ...options([
        { cassette: 'gone', at: 'gone' },
        { cassette: 'api', at: 'api' },
      ]),
      lookUp: (name) => {
        asked += 1;
        if (asked <= 2) return Promise.resolve([]);
        return name === 'api' ? Promise.resolve(['10.0.0.7']) : new Promise(() => {});
      },
    });
    clock.ms += 100;
    expect(await clients.cassetteOf('10.0.0.7')).toBe('api');
  });

  test('and strangers are asked about once in a while, those who come together once', async () => {
    const { options, asked, clock } = machine({});
    const entries = [
      { cassette: 'api', at: 'api' },
      { cassette: 'jobs', at: '10.0.0.0/8' },
    ];
    const clients = await createClients(options(entries));
    clock.ms += 100;
    const both = [clients.cassetteOf('10.0.0.1'), clients.cassetteOf('192.0.2.1')];
    expect(both.every((one) => one instanceof Promise)).toBe(true);
    expect([await both[0], await both[1]]).toEqual(['jobs', undefined]);
    expect(asked).toHaveLength(2);
    clock.ms += 4_000;
    expect(clients.cassetteOf('10.0.0.1')).toBe('jobs');
    clock.ms += 1_000;
    expect(await clients.cassetteOf('10.0.0.1')).toBe('jobs');
    expect(asked).toHaveLength(3);
  });
});
