import { describe, expect, test } from '@jest/globals';
import { askByDatagram, askByStream } from '../../src/network/ask.ts';
import { writeAnswer } from '../../src/support/dns-finding.ts';
import { messageId, withMessageId } from '../../src/support/dns-message.ts';
import { found, question, said, withNameServer } from '../support/name-server.ts';

const asked = question('api.test');
const host = '127.0.0.1';
const answer = (message: Buffer, address = '10.0.0.7'): Buffer =>
  writeAnswer(message, found(asked, [address]));
const other = question('evil.test');
const evil = (message: Buffer): Buffer =>
  writeAnswer(withMessageId(other.message, messageId(message)), found(other, ['6.6.6.6']));

describe.each([
  ['a datagram', askByDatagram],
  ['a stream', askByStream],
] as const)('asking by %s', (_, ask) => {
  test('is done under an id that nobody can guess', async () => {
    const ids: number[] = [];
    const answers = (message: Buffer): readonly Buffer[] => {
      ids.push(messageId(message));
      return [answer(message)];
    };
    await withNameServer(answers, async ({ port }) => {
      for (let round = 0; round < 3; round += 1) {
        const told = await ask({ host, port, limitMs: 1000 }, asked.message);
        expect(said(told)).toBe('NOERROR 10.0.0.7');
      }
    });
    expect(new Set([77, ...ids]).size).toBeGreaterThan(2);
  });

  test('comes to an end where nobody answers', async () => {
    await withNameServer(
      () => [],
      async ({ port }) => {
        const told = ask({ host, port, limitMs: 100 }, asked.message).catch(() => undefined);
        expect(await told).toBeUndefined();
      },
    );
  });

  test('comes to an end at once where nobody listens', async () => {
    const startedAt = performance.now();
    const told = ask({ host, port: 9, limitMs: 5_000 }, asked.message).catch(() => undefined);
    expect(await told).toBeUndefined();
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });
});

test('an answer to something else is not taken for ours', async () => {
  const answers = (message: Buffer): readonly Buffer[] => [
    Buffer.from('noise'),
    message,
    answer(withMessageId(message, messageId(message) ^ 1), '6.6.6.6'),
    evil(message),
    answer(message),
  ];
  await withNameServer(answers, async ({ port }) => {
    const told = await askByDatagram({ host, port, limitMs: 1000 }, asked.message);
    expect(said(told)).toBe('NOERROR 10.0.0.7');
  });
});

test('a stream that answers something else is left', async () => {
  await withNameServer(
    (message) => [evil(message)],
    async ({ port }) => {
      expect(await askByStream({ host, port, limitMs: 1000 }, asked.message)).toBeUndefined();
    },
  );
});

test('a datagram that got lost is sent once more', async () => {
  let count = 0;
  const answers = (message: Buffer): readonly Buffer[] => {
    count += 1;
    return count === 1 ? [] : [answer(message)];
  };
  await withNameServer(answers, async ({ port }) => {
    const told = await askByDatagram({ host, port, limitMs: 400 }, asked.message);
    expect(said(told)).toBe('NOERROR 10.0.0.7');
  });
});
