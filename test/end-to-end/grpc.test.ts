import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { afterEach, describe, expect, test } from '@jest/globals';
import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import { bytesIn, withLength } from '../../src/support/protobuf-wire.ts';
import type { GrpcOrigin, Heard, Methods } from './grpc-origin.ts';
import { ask, grpcClient, startGrpc } from './grpc-origin.ts';
import type { Running } from './with-appliance.ts';
import { modeIn, startWith, twice, withFolder } from './with-appliance.ts';

const clients: grpc.Client[] = [];
const origins: GrpcOrigin[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const server of origins.splice(0)) await server.stop();
});

function metadata(entries: Readonly<Record<string, string>>): grpc.Metadata {
  const made = new grpc.Metadata();
  for (const [name, value] of Object.entries(entries)) made.set(name, value);
  return made;
}

const chat: Methods = {
  Echo: {
    unary(call, done) {
      call.sendMetadata(metadata({ 'x-initial': 'first' }));
      done(null, `echo ${call.request}`, metadata({ 'x-trailing': 'last' }));
    },
  },
  Upload: {
    upload(call, done) {
      const got: string[] = [];
      call.on('data', (text: string) => got.push(text));
      call.on('end', () => done(null, got.join('+')));
    },
  },
  List: {
    stream(call) {
      for (const text of ['one', 'two', 'three']) call.write(`${call.request} ${text}`);
      call.end(metadata({ 'x-count': '3' }));
    },
  },
  Fail: {
    stream(call) {
      for (const text of ['1', '2', '3']) call.write(text);
      call.emit('error', { code: grpc.status.INTERNAL, details: 'broke ü%' });
    },
  },
  Talk: {
    talk(call) {
      call.on('data', (text: string) => call.write(`heard ${text}`));
      call.on('end', () => call.end());
    },
  },
  Deny: {
    unary: (_call, done) => done({ code: grpc.status.PERMISSION_DENIED, details: 'no' }),
  },
};

type Options = NonNullable<Parameters<typeof grpcClient>[2]>;

async function origin(methods: Methods = chat): Promise<GrpcOrigin> {
  const started = await startGrpc(methods);
  origins.push(started);
  return started;
}

function clientOf({ via }: Running, port: number, options: Options = {}): grpc.Client {
  const client = grpcClient(via, port, options);
  clients.push(client);
  return client;
}

/** Runs some calls while they are recorded, and again with the server gone; both must be heard alike. */
async function everyWay(
  server: GrpcOrigin,
  body: (client: grpc.Client) => Promise<unknown>,
): Promise<unknown> {
  const [live, again] = await twice(server, (running) => body(clientOf(running, server.port)));
  expect(again).toEqual(live);
  return live;
}

describe('in the clear', () => {
  test('a unary call with its metadata', async () => {
    const server = await origin();
    const heard = await everyWay(server, (client) => ask(client, ['Echo', 'hello']));
    expect(heard).toMatchObject({
      messages: ['echo hello'],
      initial: { 'x-initial': 'first' },
      code: grpc.status.OK,
      trailing: { 'x-trailing': 'last' },
    });
    expect(server.saw()).toBe(1);
  });

  test('client streaming, server streaming, and both', async () => {
    const heard = await everyWay(await origin(), async (client) => [
      await ask(client, ['Upload', 'a', 'b', 'c']),
      await ask(client, ['List', 'x']),
      await ask(client, ['Talk', 'a'], {
        open: true,
        onMessage: (text, call) => void (text === 'heard a' ? call.write('b') : call.end()),
      }),
    ]);
    expect((heard as readonly Heard[]).map(({ messages, code }) => [code, ...messages])).toEqual([
      [0, 'a+b+c'],
      [0, 'x one', 'x two', 'x three'],
      [0, 'heard a', 'heard b'],
    ]);
  });

  test('a status that is not OK, in the head or after three messages', async () => {
    const heard = await everyWay(await origin(), async (client) => [
      await ask(client, ['Deny', 'x']),
      await ask(client, ['Fail', 'x']),
      await ask(client, ['Unknown', 'x']),
    ]);
    expect(heard).toMatchObject([
      { code: grpc.status.PERMISSION_DENIED, details: 'no', messages: [] },
      { code: grpc.status.INTERNAL, details: 'broke ü%', messages: ['1', '2', '3'] },
      { code: grpc.status.UNIMPLEMENTED, messages: [] },
    ]);
  });
});

test('a miss is a status that says so, and no client tries it again', async () => {
  const server = await origin();
  const [, missed] = await twice(server, (running, live) =>
    ask(clientOf(running, server.port), ['Echo', live ? 'a' : 'b']),
  );
  expect(missed).toMatchObject({
    code: grpc.status.FAILED_PRECONDITION,
    trailing: { 'x-magneto-failure': 'NO_MATCHING_INTERACTION' },
  });
  expect(missed.details).toMatch(
    /^NO_MATCHING_INTERACTION: .*\/chat\.Chat\/Echo is not in default/,
  );
});

test('over TLS, inside the tunnel', async () => {
  await withFolder(async (folder) => {
    const script = `
      openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \\
        -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem`;
    execFileSync('sh', ['-ec', script], { cwd: folder, stdio: 'ignore' });
    const [key, certificate] = await Promise.all(
      ['key.pem', 'cert.pem'].map((name) => readFile(join(folder, name))),
    );
    if (key === undefined || certificate === undefined) throw new Error('two files were made');
    const server = await startGrpc(chat, { key, certificate });
    origins.push(server);
    const [live, again] = await twice(
      server,
      async (running) => {
        const trusted = await readFile(running.via.caFile);
        const client = clientOf(running, server.port, { trusted });
        return [await ask(client, ['Echo', 'a']), await ask(client, ['Talk', 'b', 'c'])];
      },
      () => ({ MAGNETO_UPSTREAM_CA: join(folder, 'cert.pem') }),
    );
    expect(live).toMatchObject([{ messages: ['echo a'] }, { messages: ['heard b', 'heard c'] }]);
    expect(again).toEqual(live);
  });
});

test('UNAVAILABLE twice and then OK', async () => {
  let asked = 0;
  const server = await origin({
    Try: {
      unary(_call, done) {
        asked += 1;
        if (asked < 3) done({ code: grpc.status.UNAVAILABLE, details: 'not yet' });
        else done(null, 'now');
      },
    },
  });
  const heard = await everyWay(server, async (client) => {
    const codes: number[] = [];
    for (let time = 0; time < 3; time += 1) codes.push((await ask(client, ['Try', 'x'])).code);
    return codes;
  });
  expect(heard).toEqual([14, 14, 0]);
});

test('a client that cancels after two messages hears the same two again', async () => {
  const server = await origin({
    Endless: {
      stream(call) {
        const timer = setInterval(() => call.write('tick'), 5);
        call.on('cancelled', () => clearInterval(timer));
      },
    },
  });
  const heard = await everyWay(server, async (client) => {
    let count = 0;
    const { code, messages } = await ask(client, ['Endless', 'x'], {
      onMessage: (_text, call) => {
        count += 1;
        if (count === 2) call.cancel();
      },
    });
    return { code, messages: messages.slice(0, 2) };
  });
  expect(heard).toEqual({ code: grpc.status.CANCELLED, messages: ['tick', 'tick'] });
});

test('what a client said before it cancelled is recorded, and how it cancelled', async () => {
  const server = await origin();
  await withFolder(async (folder) => {
    await run(modeIn(folder, 'record'), async (running) => {
      const { code } = await ask(clientOf(running, server.port), ['Talk', 'a'], {
        open: true,
        onMessage: (_text, call) => call.cancel(),
      });
      expect(code).toBe(grpc.status.CANCELLED);
    });
    const { interactions } = JSON.parse(await cassetteOf(folder)) as {
      readonly interactions: readonly [
        { readonly messages: readonly { readonly kind: string }[]; readonly ending: object },
      ];
    };
    const kinds = interactions[0].messages.map(({ kind }) => kind);
    expect(kinds.slice(0, 2)).toEqual(['message', 'message']);
    expect(interactions[0].ending).toEqual({ type: 'reset', by: 'client', code: 8 });
  });
});

test('a server that was too late for the deadline is too late again, where time is replayed', async () => {
  const server = await origin({
    Slow: {
      unary: (_call, done) => void setTimeout(() => done(null, 'late'), 1500),
    },
  });
  const slow = (running: Running, deadlineMs: number): Promise<Heard> =>
    ask(clientOf(running, server.port), ['Slow', 'x'], { deadlineMs });
  const [live, again] = await twice(
    server,
    async (running) => [await slow(running, 20_000), await slow(running, 300)],
    () => ({ MAGNETO_LATENCY: 'recorded' }),
  );
  const codes = (heard: readonly Heard[]): readonly number[] => heard.map(({ code }) => code);
  expect(codes(live)).toEqual([grpc.status.OK, grpc.status.DEADLINE_EXCEEDED]);
  expect(codes(again)).toEqual(codes(live));
});

test('a late answer that a client waited for is late again for one that does not', async () => {
  const server = await origin({
    Slow: { unary: (_call, done) => void setTimeout(() => done(null, 'late'), 1500) },
  });
  const [, again] = await twice(
    server,
    (running, live) =>
      ask(clientOf(running, server.port), ['Slow', 'x'], { deadlineMs: live ? 20_000 : 300 }),
    () => ({ MAGNETO_LATENCY: 'recorded' }),
  );
  expect(again.code).toBe(grpc.status.DEADLINE_EXCEEDED);
});

test('compressed messages, and one of more than four mebibytes', async () => {
  const large = 'x'.repeat(5 * 1024 * 1024);
  const server = await origin();
  const options = { options: { 'grpc.default_compression_algorithm': 2 } };
  const [live, again] = await twice(server, async (running) => {
    const packed = clientOf(running, server.port, options);
    const { messages } = await ask(packed, ['Echo', large]);
    return [messages[0]?.length, (await ask(packed, ['Echo', 'small'])).messages];
  });
  expect(live).toEqual([large.length + 5, ['echo small']]);
  expect(again).toEqual(live);
});

async function cassetteOf(folder: string): Promise<string> {
  return readFile(join(folder, 'cassettes', 'default.json'), 'utf8');
}

async function run<Result>(
  variables: Readonly<Record<string, string>>,
  body: (running: Running) => Promise<Result>,
): Promise<Result> {
  const running = await startWith(variables);
  try {
    return await body(running);
  } finally {
    await running.appliance.stop();
  }
}

test('credentials in metadata do not reach the disk, and do not matter', async () => {
  const server = await origin();
  await withFolder(async (folder) => {
    const echo = (token: string) => (running: Running) =>
      ask(clientOf(running, server.port), ['Echo', 'a'], {
        metadata: metadata({ authorization: `Bearer ${token}` }),
      });
    await run(modeIn(folder, 'record'), echo('first-secret'));
    const written = await cassetteOf(folder);
    expect(written).not.toContain('first-secret');
    expect(written).toContain('[FILTERED]');
    await server.stop();
    const again = await run(modeIn(folder, 'replay'), echo('other-secret'));
    expect(again.messages).toEqual(['echo a']);
  });
});

const proto = `syntax = "proto3"; package chat;
  message Text { string text = 1; }
  service Chat { rpc Echo (Text) returns (Text); }`;

test('messages are shown by name, taken edited by hand, and fields ignored', async () => {
  const server = await origin();
  await withFolder(async (folder) => {
    await mkdir(join(folder, 'protos'));
    await writeFile(join(folder, 'protos', 'chat.proto'), proto);
    const known = { MAGNETO_GRPC_PROTOS: join(folder, 'protos') };
    const echo = (text: string) => (running: Running) =>
      ask(clientOf(running, server.port), ['Echo', text]);
    await run({ ...modeIn(folder, 'record'), ...known }, echo('hello'));
    await server.stop();
    const written = await cassetteOf(folder);
    expect(written).toMatch(/"type": "chat\.Text",\s*"decoded": \{\s*"text": "echo hello"/);
    const file = join(folder, 'cassettes', 'default.json');
    await writeFile(file, written.replace('"text": "echo hello"', '"text": "edited"'));
    const replay = modeIn(folder, 'replay');
    expect((await run(replay, echo('hello'))).messages).toEqual(['echo hello']);
    expect((await run({ ...replay, ...known }, echo('hello'))).messages).toEqual(['edited']);
    const ignored = { ...known, MAGNETO_GRPC_IGNORE: 'chat.Text.text' };
    expect((await run({ ...replay, ...ignored }, echo('other'))).messages).toEqual(['edited']);
    const numbered = { MAGNETO_GRPC_IGNORE: '/chat.Chat/Echo:1' };
    expect((await run({ ...replay, ...numbered }, echo('other'))).code).toBe(grpc.status.OK);
  });
});

test('a server is asked what its messages are, where that is wanted, and not in a replay', async () => {
  const root = new protobuf.Root();
  protobuf.parse(proto, root, { keepCase: true });
  root.resolveAll();
  const files = root.toDescriptor('proto3').file ?? [];
  const asked: string[] = [];
  const server = await origin({
    ...chat,
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo': {
      talk(call) {
        call.on('data', (question: string) => {
          asked.push(String(bytesIn(Buffer.from(question, 'latin1'), 4)[0]));
          const told = files.map((file) =>
            withLength(1, Buffer.from(descriptor.FileDescriptorProto.encode(file).finish())),
          );
          call.write(withLength(4, Buffer.concat(told)).toString('latin1'));
        });
        call.on('end', () => call.end());
      },
    },
  });
  await withFolder(async (folder) => {
    const wanted = { MAGNETO_GRPC_REFLECTION: 'true' };
    const echo = (running: Running) => ask(clientOf(running, server.port), ['Echo', 'hello']);
    await run({ ...modeIn(folder, 'record'), ...wanted }, echo);
    expect(await cassetteOf(folder)).toMatch(/"type": "chat\.Text",\s*"decoded"/);
    const heard = await run({ ...modeIn(folder, 'replay'), ...wanted }, echo);
    expect(heard.messages).toEqual(['echo hello']);
    expect(asked).toEqual(['chat.Chat']);
  });
});

test('in hybrid mode a call that is not known goes on to the server, whole, and is added', async () => {
  const server = await origin();
  await withFolder(async (folder) => {
    const echo = (text: string) => (running: Running) =>
      ask(clientOf(running, server.port), ['Echo', text]);
    await run(modeIn(folder, 'record'), echo('a'));
    const hybrid = modeIn(folder, 'hybrid');
    expect((await run(hybrid, echo('b'))).messages).toEqual(['echo b']);
    expect((await run(hybrid, echo('a'))).messages).toEqual(['echo a']);
    expect(server.saw()).toBe(2);
  });
});
