import { describe, expect, test } from '@jest/globals';
import type { Choice } from '../../src/replay/stream-choice.ts';
import { createChoice } from '../../src/replay/stream-choice.ts';
import { createShelves } from '../../src/replay/stream-shelf.ts';
import { recordingOf } from '../mode/recordings.ts';
import type { Said } from '../mode/streams.ts';
import { command, stream } from '../mode/streams.ts';

const hello = command('HELLO', '3');
const get = (key: string): string => command('GET', key);

/** A shelf of streams, and how its connections choose among them. */
function choosing(...streams: readonly (readonly Said[])[]): () => Choice {
  const recording = recordingOf(...streams.map((said) => stream(said)));
  const shelf = createShelves(recording).find({ host: 'far.test', port: 7, secure: false });
  if (shelf === undefined) throw new Error('no streams');
  return () => createChoice(shelf);
}

const take = (choice: Choice, text: string) => choice.take(Buffer.from(text, 'latin1'));
const place = (choice: Choice): number => choice.current().entry.place;
const fresh = (choice: Choice): string =>
  choice
    .fresh()
    .map(({ bytes }) => bytes?.toString('latin1') ?? '.')
    .join('');

test('a connection is given the stream that begins as it does', () => {
  const open = choosing(['>one', '<1'], ['>two', '<2']);
  const [first, second] = [open(), open()];
  expect(first.begin()).toBe(false);
  expect(take(first, 'tw')).toBeUndefined();
  expect(place(first)).toBe(1);
  take(first, 'o');
  expect(fresh(first)).toBe('2');
  take(second, 'one');
  expect([place(second), fresh(second), second.repeated]).toEqual([0, '1', false]);
  const third = open();
  take(third, 'one');
  expect([place(third), third.repeated]).toEqual([0, true]);
  expect(take(open(), 'three')).toMatchObject({ offset: 1 });
});

test('a server that speaks first does so at once, in order', () => {
  const open = choosing(['<a', '>1'], ['<b', '>1']);
  const choices = [open(), open(), open()];
  expect(choices.map((choice) => choice.begin())).toEqual([true, true, true]);
  expect(choices.map(fresh)).toEqual(['a', 'b', 'b']);
});

describe('a connection that turns out to be another', () => {
  const streams: readonly (readonly Said[])[] = [
    [`>${hello}${get('a')}${get('b')}`, '<+hi 1\r\n+A\r\n+B\r\n'],
    [`>${hello}${get('c')}`, '<+hi 2\r\n+C\r\n'],
  ];

  test('goes on as that one, and what was said is not said again', () => {
    const open = choosing(...streams);
    const one = open();
    take(one, hello);
    expect(fresh(one)).toBe('+hi 1\r\n');
    take(one, get('c'));
    expect([place(one), fresh(one)]).toEqual([1, '+C\r\n']);
    // The first one is free again.
    const other = open();
    take(other, hello + get('a'));
    expect([place(other), other.repeated]).toEqual([0, false]);
  });

  test('or stays, and borrows what was asked on another connection', () => {
    const one = choosing(...streams)();
    take(one, hello + get('b'));
    expect(take(one, get('c'))).toBeUndefined();
    expect([place(one), fresh(one)]).toEqual([0, '+hi 1\r\n+B\r\n+C\r\n']);
    expect(take(one, get('z'))).toMatchObject({ got: Buffer.from(get('z')) });
  });
});

test('what is let through is no longer looked at', () => {
  const choice = choosing(['>one', '<1', '>two', '<2'])();
  take(choice, 'one');
  expect(take(choice, 'x')).toMatchObject({ offset: 3 });
  choice.letThrough();
  take(choice, 'yz');
  expect(fresh(choice)).toBe('12');
});

test('a first piece that is long is looked at whole', () => {
  const long = 'x'.repeat(100_000);
  const choice = choosing([`>${long}y`, '<no'], [`>${long}z`, '<yes'])();
  expect(take(choice, `${long}z`)).toBeUndefined();
  expect(fresh(choice)).toBe('yes');
});
