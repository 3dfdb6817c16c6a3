import { expect, test } from '@jest/globals';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { wireForm, withoutFields } from '../../src/support/protobuf-wire.ts';
import type { ProtoFile } from '../../src/support/protos.ts';
import { createProtos } from '../../src/support/protos.ts';

const file = (name: string, text: string): ProtoFile => ({ name, content: Buffer.from(text) });

const common = file(
  'veza/common.proto',
  `syntax = "proto3"; package veza.common;
   message User { string user_id = 1; int64 seen_at = 2; }
   enum Level { LOW = 0; HIGH = 1; }`,
);
const chat = file(
  'veza/chat.proto',
  `syntax = "proto3"; package veza.chat;
   import "veza/common.proto"; import "google/protobuf/timestamp.proto";
   message Talk { veza.common.User by = 1; string text = 2; veza.common.Level level = 3;
     google.protobuf.Timestamp at = 4; repeated Talk answers = 5; bytes raw = 6;
     map<string, int32> counts = 7; oneof kind { string room = 8; int32 number = 9; } }
   message Said { uint32 place = 1; }
   service Chat { rpc Send (Talk) returns (Said); rpc Listen (Talk) returns (stream Said); }`,
);
const path = '/veza.chat.Chat/Send';
const talk = {
  by: { user_id: 'u1', seen_at: '9007199254740993' },
  text: 'hello',
  level: 'HIGH',
  at: { seconds: '5', nanos: 6 },
  answers: [{ text: 'again' }],
  raw: '//8=',
  counts: { a: 1 },
  room: 'blue',
};

test('messages are decoded by name across files, and encoded again', () => {
  const protos = createProtos([chat, common]);
  const type = protos.typeOf(path, 'client');
  expect(type?.name).toBe('veza.chat.Talk');
  const bytes = type?.encode(talk) ?? Buffer.alloc(0);
  expect(type?.decode(bytes)).toEqual(talk);
  expect(protos.typeOf(path, 'server')?.name).toBe('veza.chat.Said');
  expect(protos.typeOf('/veza.chat.Chat/Listen', 'server')?.name).toBe('veza.chat.Said');
});

test('methods that nobody described have no type', () => {
  const protos = createProtos([chat, common]);
  for (const other of ['/veza.chat.Chat/Other', '/other.Chat/Send', '/', 'nonsense', '']) {
    expect(protos.typeOf(other, 'client')).toBeUndefined();
  }
  expect(createProtos([]).typeOf(path, 'client')).toBeUndefined();
});

test('bytes that are no such message are not decoded, and values that are none not encoded', () => {
  const type = createProtos([chat, common]).typeOf(path, 'client');
  expect(type?.decode(Buffer.from([0x0a, 0xff]))).toBeUndefined();
  expect(() => type?.encode('text')).toThrow('is no object');
  expect(() => type?.encode({ by: 7 })).toThrow(/by/);
});

test('imports are found below a folder that stands above them, and told where they are missing', () => {
  const above = [chat, common].map(({ name, content }) => ({ name: `protos/${name}`, content }));
  expect(createProtos(above).typeOf(path, 'client')?.name).toBe('veza.chat.Talk');
  expect(() => createProtos([chat])).toThrow(
    'veza/chat.proto: imports veza/common.proto, which is not there',
  );
  expect(() => createProtos([file('a.proto', 'message {')])).toThrow(/^a\.proto: /);
  expect(() => createProtos([file('a.pb', 'no descriptors')])).toThrow(/^a\.pb: /);
  const lost = file('b.proto', 'syntax = "proto3"; message A { Lost lost = 1; }');
  expect(() => createProtos([lost])).toThrow(/Lost/);
});

test('a binary descriptor set says the same, given or told later', () => {
  const root = new protobuf.Root();
  for (const { content } of [common, chat]) {
    protobuf.parse(content.toString(), root, { keepCase: true });
  }
  root.addJSON(protobuf.common.get('google/protobuf/timestamp.proto')?.nested ?? {});
  root.resolveAll();
  const message = root.toDescriptor('proto3');
  const content = Buffer.from(descriptor.FileDescriptorSet.encode(message).finish());
  const given = createProtos([{ name: 'all.pb', content }]);
  const bytes = given.typeOf(path, 'client')?.encode(talk) ?? Buffer.alloc(0);
  expect(given.typeOf(path, 'client')?.decode(bytes)).toEqual(talk);
  const learning = createProtos([]);
  const files = (message.file ?? []).map((one) => {
    return Buffer.from(descriptor.FileDescriptorProto.encode(one).finish());
  });
  learning.learn(files);
  expect(learning.typeOf(path, 'client')?.decode(bytes)).toEqual(talk);
});

test('a field is known by its whole name', () => {
  const protos = createProtos([chat, common]);
  const names = ['veza.common.User.user_id', 'veza.common.User.other', 'veza.common', 'user_id'];
  expect(names.map((name) => protos.has(name))).toEqual([true, false, false, false]);
});

test('fields are ignored by their names, wherever their message stands', () => {
  const type = createProtos([chat, common]).typeOf(path, 'client');
  const bytes = type?.encode({ ...talk, answers: [{ text: 'x', by: { user_id: 'u2' } }] });
  const names = new Set(['veza.common.User.user_id', 'veza.chat.Talk.at']);
  const ignored = type?.ignored(names) ?? { fields: new Map() };
  const rest = type?.decode(withoutFields(bytes ?? Buffer.alloc(0), ignored));
  expect(rest).toMatchObject({ by: { seen_at: '9007199254740993' }, answers: [{ text: 'x' }] });
  expect(JSON.stringify(rest)).not.toMatch(/user_id|seconds/);
  expect(wireForm(bytes ?? Buffer.alloc(0))).toHaveProperty('4');
});
