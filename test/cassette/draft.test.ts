import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { Draft } from '../../src/cassette/cassette.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { type Folder, inFolder } from './folder.ts';
import { sample, streamRequest } from './samples.ts';
import { answer, answered, bytesOf, end, foundOnceThere, says, startOf } from './talk.ts';

/** Records one draft as a whole take, with small bodies being large already. */
async function written(
  kind: Interaction['kind'],
  tell: (draft: Draft, folder: Folder) => void | Promise<void>,
): Promise<Interaction | undefined> {
  let found: Interaction | undefined;
  await inFolder(async (folder) => {
    const take = await folder.library({ bodyFileBytes: 20 }).record('c', { adds: false });
    const draft = take.begin(startOf(0, kind));
    await tell(draft, folder);
    await draft.finish(end);
    expect(take.recorded).toBe(1);
    await take.finish();
    const { interactions } = await folder.library().load('c');
    expect(interactions).toHaveLength(1);
    [found] = interactions;
  });
  return found;
}

const records = (folder: Folder): readonly string[] =>
  readFileSync(join(folder.path, 'c.wal'), 'latin1').match(/(?<=\xa6record.)[a-z]+/g) ?? [];

test('no credential of a raw stream comes to the disk, not even before its end', async () => {
  const auth = '*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n';
  const one = await written('stream', async (draft, folder) => {
    void draft.add(says('client', auth, 1));
    void draft.add(says('server', '+OK\r\n', 2));
    await foundOnceThere(folder, ([found]) => found?.messages?.length === 2);
    expect(readFileSync(join(folder.path, 'c.wal'), 'latin1')).not.toContain('secret');
  });
  expect(one?.messages?.[0]?.bytes.toString()).toBe(auth.replace('secret', 'xxxxxx'));
});

describe('what ends', () => {
  test('has the pieces of its bodies put together, and the places of those of the response', async () => {
    const one = await written('http', (draft) => {
      void draft.add(says('client', 'ask', 1));
      draft.answered(answer);
      void draft.add(says('client', 'ed', 2));
      void draft.add(says('server', 'ans', 3));
      void draft.add(says('server', 'wered', 5));
    });
    expect(one?.request.body?.toString()).toBe('asked');
    expect(one?.response?.body?.toString()).toBe('answered');
    expect(one?.response?.chunks).toEqual([
      { atMs: 3, bytes: 3 },
      { atMs: 5, bytes: 5 },
    ]);
    expect(one?.messages).toBeUndefined();
  });

  test('has its messages in their order, with an end that has no bytes', async () => {
    const last = { from: 'client', atMs: 4, kind: 'end', bytes: Buffer.alloc(0) } as const;
    const messages = [says('server', 'INFO', 1), says('client', 'PING', 2), last];
    const one = await written('stream', (draft) => {
      for (const message of messages) void draft.add(message);
    });
    expect(one?.messages).toEqual(messages);
    expect(one?.request).toEqual(streamRequest(sample(0).request.destination));
  });

  test('is the same where much of it stood in the log before', async () => {
    const slowly = async (draft: Draft, folder: Folder): Promise<void> => {
      void draft.add({ ...says('client', 'hello'), kind: 'message', compressed: true });
      draft.answered(answer);
      for (let count = 0; count < 3; count += 1) {
        void draft.add(says('server', `piece ${count}`, 10 + count));
        const length = count + 1;
        await foundOnceThere(folder, ([one]) => {
          const { messages, response } = one ?? {};
          const bytes = response?.stored?.bytes ?? response?.body?.length;
          return messages?.length === length + 1 || bytes === length * 7;
        });
      }
    };
    const call = await written('grpc', slowly);
    expect(call?.messages?.map(({ bytes }) => bytes.toString())).toEqual([
      'hello',
      'piece 0',
      'piece 1',
      'piece 2',
    ]);
    expect(call?.messages?.[0]).toMatchObject({
      from: 'client',
      kind: 'message',
      compressed: true,
    });
    const { response } = (await written('http', slowly)) ?? {};
    expect(response?.chunks?.map(({ bytes }) => bytes)).toEqual([7, 7, 7]);
  });

  test('at once is one record', async () => {
    await inFolder(async (folder) => {
      const take = await folder.library().record('c', { adds: false });
      const draft = answered(take, 0);
      void draft.add(says('server', 'at once'));
      await draft.finish(end);
      expect(records(folder)).toEqual(['begin', 'interaction']);
      await take.close();
    });
  });

  test('has what its end says of messages and bodies, whatever was added', async () => {
    await inFolder(async (folder) => {
      const take = await folder.library({ bodyFileBytes: 20 }).record('c', { adds: false });
      const draft = answered(take, 0);
      void draft.add(says('server', 'x'.repeat(50)));
      await draft.finish({ ...end, response: { ...answer, body: Buffer.from('other') } });
      const other = answered(take, 1);
      void other.add(says('server', 'short'));
      const body = Buffer.alloc(60, 'y');
      await other.finish({ ...end, response: { ...answer, body }, truncated: 'size' });
      await take.finish();
      const [one, two] = (await folder.library().load('c')).interactions;
      expect(one?.response?.body?.toString()).toBe('other');
      expect((await bytesOf(two?.response)).equals(body)).toBe(true);
      expect(two?.truncated).toBe('size');
      expect(readdirSync(join(folder.path, 'c.bodies'))).toEqual([hash('sha256', body, 'hex')]);
    });
  });
});

describe('while it goes on', () => {
  test('what was said stands in the log, to be replayed up to there and cut', async () => {
    await inFolder(async (folder) => {
      const take = await folder.library().record('c', { adds: false });
      const draft = answered(take, 0);
      void draft.add(says('server', 'data: 1\n\n', 5));
      void draft.add(says('server', 'data: 2\n\n', 1005));
      const [one] = await foundOnceThere(folder, (found) => found.length === 1);
      expect(one).toMatchObject({
        truncated: 'killed',
        ending: { type: 'cut', by: 'server' },
        timing: { headMs: expect.any(Number), endMs: expect.any(Number) },
        response: {
          status: 200,
          chunks: [
            { atMs: 5, bytes: 9 },
            { atMs: 1005, bytes: 9 },
          ],
        },
      });
      expect(one?.response?.body?.toString()).toBe('data: 1\n\ndata: 2\n\n');
      expect(folder.warnings.at(-1)).toContain('; 1 of them end where magneto did');
      await draft.finish(end);
      await take.close();
      const [whole] = (await folder.library().load('c')).interactions;
      expect(whole).not.toHaveProperty('truncated');
    });
  });

  test('and without an answer there is nothing to replay: it is left out, and counted', async () => {
    await inFolder(async (folder) => {
      const take = await folder.library().record('c', { adds: false });
      void take.begin(startOf(0)).add(says('client', 'asked'));
      const stream = take.begin(startOf(1, 'stream'));
      void stream.add(says('client', 'PING'));
      void stream.add({ ...says('server', ''), kind: 'end' });
      await take.close();
      expect(records(folder)).toEqual(['begin', 'draft', 'said', 'draft', 'said']);
      expect((await folder.library().load('c')).interactions).toEqual([]);
      expect(folder.warnings.at(-1)).toContain('; 2 more without an answer are left out');
    });
  });

  test('no secret reaches the log, in its head or in its end', async () => {
    await inFolder(async (folder) => {
      const take = await folder.library().record('c', { adds: false });
      const headers = [['Authorization', 'Bearer c4n4ry']] as const;
      const start = startOf(0);
      const draft = take.begin({ ...start, request: { ...start.request, headers } });
      const response = { ...answer, headers: [['Set-Cookie', 'sid=c4n4ry']] } as const;
      draft.answered(response);
      void draft.add(says('server', 'hello'));
      const [one] = await foundOnceThere(folder, (found) => found.length === 1);
      expect(one?.request.headers).toEqual([['Authorization', '[FILTERED]']]);
      expect(one?.response?.headers).toEqual([['Set-Cookie', 'sid=[FILTERED]']]);
      const log = (): string => readFileSync(join(folder.path, 'c.wal'), 'latin1');
      expect(log()).not.toContain('c4n4ry');
      const trailers = [['X-Api-Key', 'c4n4ry']] as const;
      await draft.finish({ ...end, ending: { type: 'finished', trailers } });
      expect(records(folder)).toEqual(['begin', 'draft', 'said', 'interaction']);
      expect(log()).not.toContain('c4n4ry');
      await take.close();
    });
  });

  test('a thousand messages are a few records, and are written once', async () => {
    await inFolder(async (folder) => {
      const take = await folder.library().record('c', { adds: false });
      const draft = take.begin(startOf(0, 'stream'));
      for (let n = 0; n < 1000; n += 1) void draft.add(says('server', `message ${n};`));
      await draft.finish(end);
      const log = readFileSync(join(folder.path, 'c.wal'), 'latin1');
      expect(log.match(/message \d+;/g)).toHaveLength(1000);
      expect(records(folder).length).toBeLessThan(20);
      await take.finish();
      expect((await folder.library().load('c')).interactions[0]?.messages).toHaveLength(1000);
    });
  });
});

describe('a body that becomes large', () => {
  const pieces = Array.from({ length: 30 }, (_, index) => `piece ${index},`);
  const content = pieces.join('');

  test('goes into a file with its first byte, of either side', async () => {
    await inFolder(async (folder) => {
      const take = await folder.library({ bodyFileBytes: 20 }).record('c', { adds: false });
      const draft = answered(take, 0);
      for (const piece of pieces) await draft.add(says('client', piece));
      for (const piece of pieces) await draft.add(says('server', piece, 3));
      await draft.finish(end);
      const digest = hash('sha256', content, 'hex');
      expect(readdirSync(join(folder.path, 'c.bodies'))).toEqual([digest]);
      expect(readFileSync(join(folder.path, 'c.wal'), 'latin1')).not.toContain('piece 7');
      await take.finish();
      expect(folder.files()).toEqual([`c.bodies/${digest}`, 'c.json']);
      const recording = await folder.library().load('c');
      const [one] = recording.interactions;
      expect((await bytesOf(one?.request)).toString()).toBe(content);
      expect((await bytesOf(one?.response)).toString()).toBe(content);
      expect(one?.response?.chunks).toHaveLength(30);
      const { kind, request } = startOf(0);
      const sought = { kind: kind as 'http', head: request, destination: request.destination };
      expect(recording.find(sought)?.entries[0]?.bodyDigest).toBe(digest);
    });
  });

  test('is found up to where magneto was killed', async () => {
    await inFolder(async (folder) => {
      const take = await folder.library({ bodyFileBytes: 20 }).record('c', { adds: false });
      const draft = answered(take, 0);
      for (const piece of pieces) await draft.add(says('server', piece));
      const [one] = await foundOnceThere(folder, ([first]) => {
        return first?.response?.stored?.bytes === content.length;
      });
      expect(one?.truncated).toBe('killed');
      expect((await bytesOf(one?.response)).toString()).toBe(content);
      expect(one?.response?.chunks).toHaveLength(30);
      await take.close();
    });
  });

  test('is not large where it has just as many bytes as it may have', async () => {
    const one = await written('http', async (draft) => {
      draft.answered(answer);
      await draft.add(says('server', 'x'.repeat(20)));
    });
    expect(one?.response?.body).toHaveLength(20);
  });

  test('and came as a whole goes there, too', async () => {
    await inFolder(async (folder) => {
      const take = await folder.library({ bodyFileBytes: 20 }).record('c', { adds: false });
      const body = Buffer.from(content);
      await take.append(sample(0, { request: { body }, response: { body } }));
      expect(take.recorded).toBe(1);
      expect(records(folder)).toEqual(['begin', 'file', 'file', 'interaction']);
      await take.finish();
      const [one] = (await folder.library().load('c')).interactions;
      expect(one?.request.stored?.sha256).toBe(one?.response?.stored?.sha256);
      expect((await bytesOf(one?.response)).toString()).toBe(content);
    });
  });

  test('and that its draft began with is not written to the log', async () => {
    await inFolder(async (folder) => {
      const take = await folder.library({ bodyFileBytes: 20 }).record('c', { adds: false });
      const start = startOf(0);
      const body = Buffer.from(content);
      const draft = take.begin({ ...start, request: { ...start.request, body } });
      draft.answered(answer);
      void draft.add(says('server', 'x'));
      const [killed] = await foundOnceThere(folder, (found) => found.length === 1);
      expect(killed?.request).toMatchObject({ partial: true });
      await draft.finish(end);
      expect(readFileSync(join(folder.path, 'c.wal'), 'latin1')).not.toContain('piece 7');
      await take.finish();
      const [one] = (await folder.library().load('c')).interactions;
      expect((await bytesOf(one?.request)).toString()).toBe(content);
      expect(one?.request).not.toHaveProperty('partial');
    });
  });
});

test('a draft that is over takes no more', async () => {
  await inFolder(async (folder) => {
    const take = await folder.library().record('c', { adds: false });
    const draft = answered(take, 0);
    await draft.finish(end);
    expect(draft.add(says('server', 'late'))).toBeUndefined();
    await setTimeout(30);
    expect(records(folder)).toEqual(['begin', 'interaction']);
    await take.close();
  });
});
