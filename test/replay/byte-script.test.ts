import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { createByteScript } from '../../src/replay/byte-script.ts';
import type { Script } from '../../src/replay/stream-script.ts';
import { linesOf, stream } from '../mode/streams.ts';

const mail = stream([
  '<220\n',
  '>HELO a\n',
  '<250\n',
  '>DA',
  '>TA\nx\n',
  '<354\n',
  '<ok\n',
  '>',
  '<',
]);
const said = 'HELO a\nDATA\nx\n';
const begin = (): Script => createByteScript(mail);
const take = (script: Script, text: string) => script.take(Buffer.from(text, 'latin1'));

test('each thing that the server says waits for what came before it', () => {
  const script = begin();
  expect(linesOf(script)).toBe('220\n');
  take(script, 'HELO');
  expect(linesOf(script)).toBe('220\n');
  take(script, ' a\nDATA\nx');
  expect(linesOf(script)).toBe('220\n250\n');
  take(script, '\n');
  expect(linesOf(script)).toBe('220\n250\n354\nok\n');
  script.end();
  expect(linesOf(script)).toBe('220\n250\n354\nok\n.');
});

test('any cut of the same bytes has the same answer', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(said.length)), (places) => {
      const script = begin();
      let from = 0;
      for (const to of [...places.toSorted((a, b) => a - b), said.length]) {
        expect(take(script, said.slice(from, to))).toBeUndefined();
        from = to;
      }
      expect(linesOf(script)).toBe('220\n250\n354\nok\n');
    }),
  );
});

describe('a client that says something else', () => {
  test('is told where, as soon as it does', () => {
    const script = begin();
    take(script, 'HELO a\n');
    expect(take(script, 'DAX')).toEqual({
      offset: 9,
      expected: Buffer.from('TA\nx\n'),
      got: Buffer.from('X'),
    });
    // It is compared again, until somebody lets it through.
    expect(take(script, '')).toMatchObject({ offset: 9 });
    expect(script.take(Buffer.from('YZ\nx'), () => [])).toBeUndefined();
    expect(linesOf(script)).toBe('220\n250\n354\nok\n');
  });

  test('or more than was recorded', () => {
    const script = begin();
    expect(take(script, `${said}more`)).toEqual({
      offset: said.length,
      expected: undefined,
      got: Buffer.from('more'),
    });
  });
});

test('what a client makes up may be another, whole or in pieces, and comes back to it', () => {
  const [then, now] = ['aaaabbbbccccdddd1', '1ddddccccbbbbaaaa'];
  for (const pieces of [[`id=${now};`], ['id=1dddd', 'ccccbbbb', 'aaaa;']]) {
    const script = createByteScript(stream([`>id=${then};`, `<yours: ${then}`]));
    for (const piece of pieces) expect(take(script, piece)).toBeUndefined();
    expect(linesOf(script)).toBe(`yours: ${now}`);
  }
});
