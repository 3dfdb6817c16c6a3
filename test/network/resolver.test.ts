import { describe, expect, test } from '@jest/globals';
import type { DnsFinding } from '../../src/exchange/dns.ts';
import { createResolver } from '../../src/network/resolver.ts';
import {
  plainFinding,
  readFinding,
  withinBytes,
  writeAnswer,
} from '../../src/support/dns-finding.ts';
import { messageId, withMessageId } from '../../src/support/dns-message.ts';
import { found, question, said, withNameServer } from '../support/name-server.ts';

const asked = question('api.test');
const told = found(asked, ['10.0.0.7']);
const silent = (): readonly Buffer[] => [];

describe.each(['udp', 'tcp'] as const)('over %s', (transport) => {
  const one = question('api.test', 'A', transport);

  test('a question is passed on, and the answer comes back under its own id', async () => {
    await withNameServer(
      (message) => [writeAnswer(message, told)],
      async ({ port }) => {
        const resolver = createResolver({ servers: ['127.0.0.1'], port });
        const { message, ...rest } = await resolver.resolve(one);
        expect([said(message), messageId(message)]).toEqual(['NOERROR 10.0.0.7', 77]);
        expect(rest).toEqual({ outcome: 'forwarded' });
      },
    );
  });

  test('where no server says anything the answer is that they failed', async () => {
    await withNameServer(silent, async ({ port }) => {
      const options = { servers: ['127.0.0.1', '127.0.0.2'], port, limitMs: 100 };
      const { message, ...rest } = await createResolver(options).resolve(one);
      expect([said(message), messageId(message)]).toEqual(['SERVFAIL', 77]);
      expect(rest).toEqual({ outcome: 'forwarded', ending: 'timedOut' });
    });
  });
});

test('however many servers are silent, clients hear of it before they give up', async () => {
  await withNameServer(silent, async ({ port }) => {
    const servers = Array.from({ length: 6 }, () => '127.0.0.1');
    const startedAt = performance.now();
    const answer = await createResolver({ servers, port }).resolve(asked);
    expect(answer.ending).toBe('timedOut');
    expect(performance.now() - startedAt).toBeLessThan(4_900);
  });
}, 10_000);

describe('a server that is of no use', () => {
  async function answered(first: DnsFinding, second: DnsFinding): Promise<string> {
    let count = 0;
    const answer = (message: Buffer): readonly Buffer[] => {
      count += 1;
      return [writeAnswer(message, count === 1 ? first : second)];
    };
    let words = '';
    await withNameServer(answer, async ({ port }) => {
      const resolver = createResolver({ servers: ['127.0.0.1', '127.0.0.1'], port });
      words = said((await resolver.resolve(asked)).message);
    });
    return words;
  }

  test('is passed over for the next', async () => {
    expect(await answered(plainFinding('REFUSED'), told)).toBe('NOERROR 10.0.0.7');
    expect(await answered(plainFinding('SERVFAIL'), told)).toBe('NOERROR 10.0.0.7');
    expect(await answered(plainFinding('NXDOMAIN'), told)).toBe('NXDOMAIN');
  });

  test('is believed where the next is none either', async () => {
    expect(await answered(plainFinding('REFUSED'), plainFinding('SERVFAIL'))).toBe('REFUSED');
  });
});

describe('an answer that does not fit into a datagram', () => {
  const addresses = Array.from({ length: 60 }, (_, index) => `10.0.0.${index}`);
  const large = (message: Buffer): Buffer => writeAnswer(message, found(asked, addresses));

  test('is asked for over TCP, and comes whole', async () => {
    let count = 0;
    const answer = (message: Buffer): readonly Buffer[] => {
      count += 1;
      return [count === 1 ? withinBytes(large(message), message, 512) : large(message)];
    };
    await withNameServer(answer, async ({ port }) => {
      const { message } = await createResolver({ servers: ['127.0.0.1'], port }).resolve(asked);
      expect(readFinding(message)?.records).toHaveLength(60);
    });
  });

  test('is passed on as it came where TCP leads nowhere', async () => {
    let count = 0;
    const answer = (message: Buffer): readonly Buffer[] => {
      count += 1;
      return count === 1 ? [withinBytes(large(message), message, 512)] : [];
    };
    await withNameServer(answer, async ({ port }) => {
      const options = { servers: ['127.0.0.1'], port, limitMs: 200 };
      const { message } = await createResolver(options).resolve(asked);
      expect(message).toHaveLength(withinBytes(large(asked.message), asked.message, 512).length);
    });
  });
});

test('equal questions under way are one, so that a resolver that asks back makes no storm', async () => {
  await withNameServer(silent, async ({ port, asked: count }) => {
    const resolver = createResolver({ servers: ['127.0.0.1'], port, limitMs: 100 });
    const ids = Array.from({ length: 20 }, (_, id) => id);
    const answers = await Promise.all(
      ids.map((id) => resolver.resolve({ ...asked, message: withMessageId(asked.message, id) })),
    );
    expect(answers.map(({ message }) => messageId(message))).toEqual(ids);
    // Sent, and once more halfway.
    expect(count()).toBe(2);
    await resolver.resolve(asked);
    expect(count()).toBe(4);
  });
});

test('more questions under way than there may be fail at once, and are not taken for an answer', async () => {
  await withNameServer(silent, async ({ port, asked: count }) => {
    const options = { servers: ['127.0.0.1'], port, limitMs: 100, pendingMax: 3 };
    const resolver = createResolver(options);
    const names = Array.from({ length: 10 }, (_, index) => question(`n${index}.test`));
    const answers = await Promise.all(names.map((one) => resolver.resolve(one)));
    expect(answers.filter(({ outcome }) => outcome === 'failed')).toHaveLength(7);
    expect(count()).toBe(6);
  });
});

test('without a server nobody answers', async () => {
  const answer = await createResolver({ servers: [] }).resolve(asked);
  expect([said(answer.message), answer.ending]).toEqual(['SERVFAIL', 'timedOut']);
});
