import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openMessages } from '../src/messages.ts';

let folder = '';
const none = { grpcProtos: [], grpcReflection: false, grpcIgnore: [] };

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'magneto-protos-'));
  mkdirSync(join(folder, 'a'));
  const head = 'syntax = "proto3"; package a;';
  writeFileSync(join(folder, 'a', 'user.proto'), `${head} message User { string id = 1; }`);
  writeFileSync(
    join(folder, 'a', 'chat.proto'),
    `${head} import "a/user.proto"; service Chat { rpc Talk (User) returns (User); }`,
  );
  writeFileSync(join(folder, 'a', 'notes.txt'), 'nothing of it');
});

afterAll(() => rmSync(folder, { recursive: true }));

test('without an option nothing is read', async () => {
  expect(await openMessages(none)).toEqual({});
});

test('a folder is read with all that is below it', async () => {
  const { types, ignoring, learn } = await openMessages({ ...none, grpcProtos: [folder] });
  expect(types?.typeOf('/a.Chat/Talk', 'client')?.name).toBe('a.User');
  expect([ignoring, learn]).toEqual([undefined, undefined]);
});

test('files are read by their names', async () => {
  const grpcProtos = ['chat.proto', 'user.proto'].map((name) => join(folder, 'a', name));
  const { types } = await openMessages({ ...none, grpcProtos });
  expect(types?.typeOf('/a.Chat/Talk', 'client')?.name).toBe('a.User');
});

test('fields that are ignored have to be known by somebody', async () => {
  const named = { grpcProtos: [folder], grpcReflection: false };
  const { ignoring } = await openMessages({ ...named, grpcIgnore: ['a.User.id', '/x.Y/Z:1'] });
  expect(ignoring?.('/a.Chat/Talk', Buffer.from('\n\x01x'))).toHaveLength(0);
  expect(ignoring?.('/x.Y/Z', Buffer.from('\n\x01x'))).toHaveLength(0);
  await expect(openMessages({ ...named, grpcIgnore: ['a.User.other'] })).rejects.toMatchObject({
    code: 'GRPC_PROTOS_INVALID',
    message: 'MAGNETO_GRPC_IGNORE names a.User.other, which no file of MAGNETO_GRPC_PROTOS has',
  });
});

test('what cannot be read is told with its name', async () => {
  const lost = join(folder, 'lost');
  await expect(openMessages({ ...none, grpcProtos: [lost] })).rejects.toMatchObject({
    code: 'GRPC_PROTOS_INVALID',
    message: `${lost} cannot be read (ENOENT)`,
  });
  const alone = join(folder, 'a', 'chat.proto');
  await expect(openMessages({ ...none, grpcProtos: [alone] })).rejects.toThrow(
    'chat.proto: imports a/user.proto, which is not there',
  );
});

test('a server is asked only where somebody wants it', async () => {
  const { types, learn } = await openMessages({ ...none, grpcReflection: true });
  expect(types?.typeOf('/a.Chat/Talk', 'client')).toBeUndefined();
  expect(learn).toBeDefined();
});
