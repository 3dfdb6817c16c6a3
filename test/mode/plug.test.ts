import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openLibrary } from '../../src/cassette/cassette.ts';
import type { Resolver } from '../../src/exchange/dns.ts';
import type { Upstream } from '../../src/exchange/upstream.ts';
import { createJournal } from '../../src/journal/journal.ts';
import type { OpenSession, SessionOptions } from '../../src/mode/mode.ts';
import { openSession } from '../../src/mode/mode.ts';
import { answered, found, question, said } from '../support/name-server.ts';
import { ask } from './harness.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'magneto-plug-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const asked: string[] = [];
const resolver: Resolver = {
  resolve: async (one) => answered(one, found(one, ['9.9.9.9'])),
};

/** A session whose network names every host 9.9.9.9, and answers every request with 204. */
function open(options: Partial<SessionOptions>): Promise<OpenSession> {
  const network: Upstream = {
    offer: () => Promise.resolve({ type: 'terms' }),
    async open({ destination }) {
      asked.push(destination.address ?? destination.host);
      return {
        head: { status: 204, statusText: 'No Content', headers: [], httpVersion: '1.1' },
        body: undefined,
        ending: { type: 'finished', trailers: [] },
        outcome: 'forwarded',
      };
    },
  };
  return openSession({
    mode: 'record',
    onMiss: 'fail',
    cassette: 'names',
    library: openLibrary({ directory, format: 'json', fsync: 'never', warn: () => {} }),
    network,
    names: {
      resolver,
      search: [],
      ownName: 'here',
      ipv6: () => false,
      onMiss: 'nxdomain',
    },
    journal: createJournal(),
    latency: { type: 'none' },
    bodyBytesMax: 1000,
    streamMsMax: 60_000,
    cutUnwritten: false,
    ci: false,
    onFailure: () => {},
    ...options,
  });
}

async function outcomes(session: OpenSession, ...names: readonly string[]) {
  const told = [];
  for (const name of names) {
    const answer = await session.resolver?.resolve(question(name));
    told.push(`${name} ${said(answer?.message).split(' ')[0]} ${answer?.outcome}`);
  }
  return told;
}

async function recordBoth(): Promise<void> {
  const session = await open({});
  expect(await outcomes(session, 'far.test')).toEqual(['far.test NOERROR recorded']);
  const answer = await session.upstream.open(ask().exchange);
  expect(await answer.ending).toEqual({ type: 'finished', trailers: [] });
  expect(answer.outcome).toBe('recorded');
  await session.close();
}

describe('names', () => {
  test('are asked of the network in passthrough', async () => {
    const session = await open({ mode: 'passthrough' });
    expect(await outcomes(session, 'a.test')).toEqual(['a.test NOERROR forwarded']);
  });

  test('take no place and no id from the exchanges that they come before', async () => {
    await recordBoth();
    const recording = await openLibrary({
      directory,
      format: 'json',
      fsync: 'never',
      warn: () => {},
    }).load('names');
    expect(recording.interactions.map(({ id, kind }) => `${id} ${kind}`)).toEqual([
      'n000000 dns',
      'i000000 http',
    ]);
  });

  test('that were not recorded do not exist in a strict replay', async () => {
    await recordBoth();
    const session = await open({ mode: 'replay' });
    expect(await outcomes(session, 'far.test', 'a.test')).toEqual([
      'far.test NOERROR replayed',
      'a.test NXDOMAIN missed',
    ]);
  });

  test('are asked of the network where a replay may, and recorded addresses are not dialled', async () => {
    await recordBoth();
    const session = await open({ mode: 'replay', onMiss: 'passthrough' });
    expect(await outcomes(session, 'far.test', 'a.test')).toEqual([
      'far.test NOERROR replayed',
      'a.test NOERROR forwarded',
    ]);
    asked.length = 0;
    const destination = { host: 'far.test', port: 80, secure: false, address: '9.9.9.9' };
    await session.upstream.open(ask({ path: '/new', destination }).exchange);
    expect(asked).toEqual(['far.test']);
  });

  test('are added by hybrid, once', async () => {
    await recordBoth();
    const session = await open({ mode: 'hybrid' });
    expect(await outcomes(session, 'far.test', 'a.test', 'a.test')).toEqual([
      'far.test NOERROR replayed',
      'a.test NOERROR recorded',
      'a.test NOERROR forwarded',
    ]);
    await session.close();
  });

  test('lead captured clients nowhere past us, in any mode; recorded is what was sent', async () => {
    const six: Resolver = {
      resolve: async (one) => answered(one, found(one, one.type === 'AAAA' ? ['fd00::1'] : [])),
    };
    const names = {
      resolver: six,
      search: [],
      ipv6: () => false,
      onMiss: 'nxdomain',
      ownName: 'here.test',
    } as const;
    for (const mode of ['passthrough', 'record', 'replay', 'hybrid'] as const) {
      const session = await open({ mode, names });
      const answer = await session.resolver?.resolve(question('a.test', 'AAAA'));
      expect(`${mode} ${said(answer?.message)}`).toBe(`${mode} NOERROR`);
      await session.close();
    }
    const library = openLibrary({ directory, format: 'json', fsync: 'never', warn: () => {} });
    const { interactions } = await library.load('names');
    expect(interactions[0]?.lookup?.records).toMatchObject([{ type: 'AAAA', data: 'fd00::1' }]);
  });

  test('are nobody’s business where none are captured', async () => {
    const { names: _, ...rest } = { names: undefined };
    const session = await openSession({ ...(await optionsWithoutNames()), ...rest });
    expect(session.resolver).toBeUndefined();
    await session.discard();
  });
});

async function optionsWithoutNames(): Promise<SessionOptions> {
  return {
    mode: 'record',
    onMiss: 'fail',
    cassette: 'plain',
    library: openLibrary({ directory, format: 'json', fsync: 'never', warn: () => {} }),
    network: {
      offer: () => Promise.resolve({ type: 'terms' }),
      open: () => Promise.reject(new Error('nobody asks')),
    },
    journal: createJournal(),
    latency: { type: 'none' },
    bodyBytesMax: 1000,
    streamMsMax: 60_000,
    cutUnwritten: false,
    ci: false,
    onFailure: () => {},
  };
}
