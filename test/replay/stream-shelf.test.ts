import { describe, expect, test } from '@jest/globals';
import type { Destination } from '../../src/exchange/destination.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';
import { createShelves } from '../../src/replay/stream-shelf.ts';
import { recordingOf } from '../mode/recordings.ts';
import type { Said } from '../mode/streams.ts';
import { command, stream } from '../mode/streams.ts';

const far: Destination = { host: 'far.test', port: 7, secure: false };

function at(destination: Partial<Destination>, ...said: readonly Said[]): Interaction {
  const one = stream(said);
  return { ...one, request: { ...one.request, destination: { ...far, ...destination } } };
}

const shelfOf = (...interactions: readonly Interaction[]) =>
  createShelves(recordingOf(...interactions)).find(far);

describe('the streams of a destination', () => {
  const shelves = createShelves(
    recordingOf(
      at({}, '>a'),
      at({ secure: true }, '>b'),
      at({ host: 'other.test', port: 8 }, '>c'),
    ),
  );
  const bytes = (destination: Destination, nameOf?: () => string) =>
    shelves
      .find(destination, nameOf)
      ?.plays()[0]
      ?.entry.interaction.messages?.[0]?.bytes.toString();

  test('are those of its host, its port and its TLS', () => {
    expect(bytes(far)).toBe('a');
    expect(bytes({ ...far, secure: true })).toBe('b');
    expect(bytes({ ...far, port: 8 })).toBeUndefined();
    expect(shelves.find(far)).toBe(shelves.find({ ...far }));
  });

  test('of an address are those of the name that was told for it, or of the only host there is', () => {
    const captured = { ...far, host: '10.0.0.1', address: '10.0.0.1' };
    expect(bytes(captured, () => 'far.test')).toBe('a');
    expect(bytes({ ...captured, port: 8 })).toBe('c');
    // A name that was told may be that of another host at the same address.
    expect(bytes({ ...captured, port: 8, host: 'x.test', learnt: 'dns' })).toBe('c');
    expect(bytes({ ...captured, port: 8, host: 'x.test', learnt: 'sni' })).toBeUndefined();
  });
});

test('those that nobody has had come first, in order; then the last one', () => {
  const shelf = shelfOf(at({}, '>a'), at({}, '>b'), at({}, '>c'));
  const order = () => shelf?.plays().map(({ entry }) => entry.place);
  const [first, second, third] = shelf?.plays() ?? [];
  if (first === undefined || second === undefined || third === undefined) throw new Error('none');
  shelf?.claim(first);
  expect(order()).toEqual([1, 2, 0]);
  shelf?.claim(second, first);
  expect(order()).toEqual([0, 2, 1]);
  shelf?.claim(first);
  shelf?.claim(third);
  expect(order()).toEqual([2, 1, 0]);
  expect(shelf?.isClaimed(third)).toBe(true);
});

test('who speaks first is known', () => {
  expect(shelfOf(at({}, '<a'), at({}, '<b'))?.serverFirst).toBe('all');
  expect(shelfOf(at({}, '<a'), at({}, '>b'))?.serverFirst).toBe('some');
  expect(shelfOf(at({}, '>b'))?.serverFirst).toBe('none');
});

describe('replies are lent to other connections', () => {
  const get = command('GET', 'a');
  const pop = command('BLPOP', 'a', '1');
  const shelf = shelfOf(
    at({}, `>${get}${pop}`, '<+1\r\n*-1\r\n'),
    at({}, `>${get}`, '<+2\r\n'),
    at({}, '>other', '<bytes'),
  );
  const borrowed = (text: string) =>
    shelf?.borrow(Buffer.from(text))?.map(({ bytes }) => bytes?.toString());

  test('in order, then the last again', () => {
    expect([borrowed(get), borrowed(get), borrowed(get)]).toEqual([
      ['+1\r\n'],
      ['+2\r\n'],
      ['+2\r\n'],
    ]);
    expect(borrowed(command('GET', 'b'))).toBeUndefined();
    expect(borrowed('other')).toBeUndefined();
  });

  test('but what waits is not answered twice: who asks in a loop would not stop', () => {
    expect([borrowed(pop), borrowed(pop), borrowed(pop)]).toEqual([['*-1\r\n'], [], []]);
  });
});
