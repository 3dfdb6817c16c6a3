import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { multipartBoundary, withoutBoundary } from '../../src/support/multipart.ts';

test.each([
  ['multipart/form-data; boundary=----abc', '----abc'],
  ['Multipart/Mixed; charset=utf-8; BOUNDARY="a b:c"', 'a b:c'],
  ['multipart/form-data', undefined],
  ['multipart/form-data; boundary=', undefined],
  [`multipart/form-data; boundary=${'x'.repeat(71)}`, undefined],
  ['text/plain; boundary=abc', undefined],
  [undefined, undefined],
])('the boundary of %p is %p', (type, boundary) => {
  expect(multipartBoundary(type)).toBe(boundary);
});

function replaced(boundary: string, pieces: readonly Buffer[]): string {
  const replacing = withoutBoundary(boundary);
  const known = pieces.flatMap((piece) => replacing.push(piece));
  return Buffer.concat([...known, replacing.end()]).toString('latin1');
}

test('each boundary is replaced, and nothing else', () => {
  const body = '--abc\r\nA: b\r\n\r\nx--ab\r\n--abc\r\n\r\n--abd\r\n--abc--\r\n';
  expect(replaced('abc', [Buffer.from(body)])).toBe(
    '--boundary\r\nA: b\r\n\r\nx--ab\r\n--boundary\r\n\r\n--abd\r\n--boundary--\r\n',
  );
});

test('however a body is split, the same comes out', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('--abc', '-', '--', 'a', 'ab', 'abc', '--ab', 'x', '\r\n'), {
        maxLength: 20,
      }),
      fc.array(fc.nat(8), { maxLength: 20 }),
      (words, cuts) => {
        const body = Buffer.from(words.join(''));
        const pieces: Buffer[] = [];
        let at = 0;
        for (const cut of cuts) {
          pieces.push(body.subarray(at, at + cut));
          at += cut;
        }
        pieces.push(body.subarray(Math.min(at, body.length)));
        expect(replaced('abc', pieces)).toBe(body.toString().replaceAll('--abc', '--boundary'));
      },
    ),
  );
});
