import { Duplex } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { asksForIcy, understandIcy } from '../../src/network/icy.ts';

/** What a reader gets of bytes that come in these pieces. */
function read(pieces: readonly string[], met = (): void => {}): string {
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  understandIcy(socket, met);
  for (const piece of pieces) socket.push(Buffer.from(piece));
  const got: Buffer[] = [];
  for (;;) {
    const bytes = socket.read() as Buffer | null;
    if (bytes === null) return Buffer.concat(got).toString();
    got.push(bytes);
  }
}

describe('the first bytes of an answer', () => {
  const answer = 'ICY 200 OK\r\nicy-name: x\r\n\r\nICY ICY';

  test.each([1, 2, 3, 4, 5, answer.length])('of an old radio server, in pieces of %i', (step) => {
    const pieces = answer.match(new RegExp(`[^]{1,${step}}`, 'g')) ?? [];
    let met = 0;
    expect(read(pieces, () => (met += 1))).toBe(answer.replace('ICY ', 'HTTP/1.0 '));
    expect(met).toBe(1);
  });

  test.each(['HTTP/1.1 200 OK\r\n\r\n', 'ICE/1.0 200 OK\r\n\r\n', 'IC'.concat('X')])(
    'of any other are left alone: %s',
    (other) => {
      const never = (): void => {
        throw new Error('that was no radio');
      };
      expect(read([...other.split(''), 'ICY '], never)).toBe(`${other}ICY `);
    },
  );
});

test('a connection that ends before they are known loses nothing', async () => {
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  understandIcy(socket, () => {});
  socket.push(Buffer.from('IC'));
  socket.push(null);
  const got: string[] = [];
  for await (const bytes of socket) got.push(String(bytes));
  expect(got.join('')).toBe('IC');
});

test('who asks for titles may be answered so', () => {
  expect(asksForIcy([['Icy-MetaData', '1']])).toBe(true);
  expect(asksForIcy([['Accept', '*/*']])).toBe(false);
});
