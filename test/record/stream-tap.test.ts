import { describe, expect, test } from '@jest/globals';
import type { DraftEnd } from '../../src/cassette/cassette.ts';
import { finished } from '../../src/exchange/conversation.ts';
import type { RecordedMessage } from '../../src/exchange/interaction.ts';
import { createStreamTap } from '../../src/record/stream-tap.ts';
import { part, until } from '../mode/harness.ts';

const end: DraftEnd = { timing: { endMs: 1 }, ending: finished };

function tapping(bytesMax = 1000) {
  const added: RecordedMessage[] = [];
  const ended: DraftEnd[] = [];
  const truncated: string[] = [];
  let begun = 0;
  const tap = createStreamTap({
    begin: () => {
      begun += 1;
      return {
        answered: () => {},
        add: (message) => void added.push(message),
        finish: async (last) => void ended.push(last),
      };
    },
    startedAt: performance.now(),
    bytesMax,
    onTruncated: (why) => truncated.push(why),
  });
  const said = () =>
    added.map(({ from, kind, bytes }) => `${from} ${kind === 'end' ? 'end' : bytes.toString()}`);
  return { tap, added, ended, truncated, said, begun: () => begun };
}

const at = (atMs: number, text: string) => part(text, 'data', { atMs });

test('pieces of one side that come together are one', async () => {
  const { tap, said, begun } = tapping();
  void tap.heard('client', at(0, 'a'));
  void tap.heard('client', at(1, 'b'));
  void tap.heard('server', at(2, '1'));
  void tap.heard('client', at(3, 'c'));
  void tap.heard('client', at(20, 'd'));
  await tap.finish(end);
  expect(said()).toEqual(['client ab', 'server 1', 'client c', 'client d']);
  expect(begun()).toBe(1);
});

test('and they are written though nothing follows', async () => {
  const { tap, said } = tapping();
  void tap.heard('server', at(0, 'hello'));
  await until(() => said().length > 0, 'the write');
  expect(said()).toEqual(['server hello']);
});

test('many bytes are not held for one message', () => {
  const { tap, added } = tapping(1_000_000);
  for (let count = 0; count < 5; count += 1) void tap.heard('server', at(0, 'x'.repeat(60_000)));
  expect(added).toHaveLength(4);
});

test('each side’s last word is told, in its order', async () => {
  const { tap, said } = tapping();
  void tap.heard('client', at(0, 'a'));
  tap.over('client', true);
  expect(tap.isClientOver()).toBe(true);
  await tap.clientOver;
  void tap.heard('server', at(1, '1'));
  tap.over('server', true);
  await tap.finish(end);
  expect(said()).toEqual(['client a', 'client end', 'server 1', 'server end']);
});

test('a side that broke off said no last word', async () => {
  const { tap, said } = tapping();
  tap.over('client', false);
  tap.over('server', false);
  await tap.finish(end);
  expect(said()).toEqual([]);
});

describe('what is not kept', () => {
  test('is what passes the cap', async () => {
    const { tap, said, ended, truncated } = tapping(3);
    void tap.heard('client', at(0, 'ab'));
    void tap.heard('client', at(0, 'cd'));
    void tap.heard('server', at(0, '1'));
    await tap.finish(end);
    expect(said()).toEqual(['client ab']);
    expect(truncated).toEqual(['size']);
    expect(ended).toEqual([{ ...end, truncated: 'size' }]);
  });

  test('and what follows TLS that the sides begin between them', async () => {
    const { tap, said, ended, truncated } = tapping();
    void tap.heard('client', at(0, 'STARTTLS\r\n'));
    void tap.heard('server', at(1, '220 go\r\n'));
    void tap.heard('client', at(2, '\x16\x03\x01\x02\x00\x01\x00'));
    void tap.heard('server', at(3, '\x16\x03\x03'));
    tap.over('client', true);
    await tap.finish(end);
    expect(said()).toEqual(['client STARTTLS\r\n', 'server 220 go\r\n']);
    expect(truncated).toEqual(['encrypted']);
    expect(ended).toEqual([{ ...end, truncated: 'encrypted' }]);
  });
});

test('after its time nothing is kept, and what was said before stands', async () => {
  const { tap, ended, said, truncated } = tapping();
  void tap.heard('server', at(0, 'early'));
  expect(tap.timeUp()).toBe(true);
  expect(tap.timeUp()).toBe(false);
  void tap.heard('server', at(1, 'late'));
  tap.over('server', true);
  await tap.finish(end);
  expect(said()).toEqual(['server early']);
  expect(tap.truncated()).toBe('time');
  expect(ended).toMatchObject([{ truncated: 'time' }]);
  expect(truncated).toEqual([]);
});
