import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import { duplexPair } from 'node:stream';
import { expect, test } from '@jest/globals';
import { endSoon, endWith } from '../../src/wire/farewell.ts';

async function pair(body: (ours: Socket, theirs: Socket) => Promise<void>): Promise<void> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const theirs = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [ours] = (await once(server, 'connection')) as [Socket];
  try {
    await body(ours, theirs);
  } finally {
    ours.destroy();
    theirs.destroy();
    server.close();
  }
}

async function heard(socket: Socket): Promise<string> {
  let text = '';
  for await (const bytes of socket) text += String(bytes as Buffer);
  return text;
}

test('last words are heard even by a client that is still sending', async () => {
  await pair(async (ours, theirs) => {
    theirs.write(Buffer.alloc(1_000_000));
    endWith(ours, Buffer.from('words'));
    expect(await heard(theirs)).toBe('words');
    await once(ours, 'close');
  });
});

test('a connection ends after everything written, without waiting for the client', async () => {
  await pair(async (ours, theirs) => {
    ours.write(Buffer.alloc(500_000, 'x'));
    endSoon(ours);
    expect(await heard(theirs)).toHaveLength(500_000);
    expect(ours.destroyed).toBe(true);
  });
});

test('whatever carries the connection', async () => {
  const [ours, theirs] = duplexPair();
  theirs.resume();
  endSoon(ours);
  await once(ours, 'close');
  expect(theirs.readableEnded).toBe(true);
});
