import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { applyRules } from '../../src/capture/apply.ts';
import type { RuleCounters } from '../../src/capture/counters.ts';
import { countRules } from '../../src/capture/counters.ts';
import type { Rules } from '../../src/capture/rules.ts';
import { usual } from '../capture/examples.ts';
import { describeWhere } from '../skip.ts';
import { kinds, machineOf, rulesThere } from './kernel.ts';
import type { Namespace } from './namespaces.ts';
import { withNamespaces } from './namespaces.ts';
import { joinWorld, proxyGid, uid } from './transparent.ts';

/** Says back whatever is said, on some ports. */
const echoes = `
import socket, sys, threading
def answer(one):
    while True:
        said = one.recv(100)
        if not said: return
        one.sendall(said)
def serve(port):
    at = socket.create_server(('0.0.0.0', port))
    print(port, flush=True)
    while True: threading.Thread(target=answer, args=(at.accept()[0],), daemon=True).start()
for port in sys.argv[1:]: threading.Thread(target=serve, args=(int(port),), daemon=True).start()
sys.stdin.read()`;

/** Opens a connection to each port at once, and speaks over all of them for each line that it is told. */
const keeper = `
import socket, sys
kept = [socket.create_connection(('10.77.0.2', int(port)), 3) for port in sys.argv[1:]]
def speak(one):
    try:
        one.sendall(b'hello')
        return one.recv(100).decode()
    except OSError as error:
        return type(error).__name__
for line in sys.stdin: print(' '.join(speak(one) for one in kept), flush=True)`;

/** Raw packets, which belong to no connection: of TCP with flags that make no sense, and of SCTP. */
const raw = `
import socket, struct
def send(protocol, packet):
    try: socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol).sendto(packet, ('10.77.0.2', 0))
    except OSError: pass
for port in (80, 2525):
    for flags in (0x03, 0x29, 0x00):
        send(6, struct.pack('!HHIIBBHHH', 40000, port, 1, 1, 0x50, flags, 1000, 0, 0) + b'leak')
send(132, struct.pack('!HHII', 40000, 80, 0, 0) + b'leak')
send(136, struct.pack('!HHHH', 40000, 80, 12, 0) + b'leak')`;

/** Counts what arrives of them. */
const listener = `
import select, socket, sys, time
at = [socket.socket(socket.AF_INET, socket.SOCK_RAW, protocol) for protocol in (6, 132, 136)]
print('listening', flush=True)
sys.stdin.readline()
print(sum(b'leak' in one.recv(200) for _ in range(20) for one in select.select(at, [], [], 0.05)[0]))`;

const running: ChildProcess[] = [];

/** A program of Python's inside, that is spoken to by lines. */
function python(inside: Namespace, program: string, ...args: readonly string[]) {
  const [command = '', ...words] = [...inside.through, 'python3', '-c', program, ...args];
  const child = spawn(command, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  running.push(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const hears = async (): Promise<string> => String((await lines.next()).value);
  return {
    hears,
    told: (): Promise<string> => {
      child.stdin.write('\n');
      return hears();
    },
  };
}

afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'close');
  }
});

interface Scene {
  readonly app: Namespace;
  readonly world: Namespace;
  readonly apply: (wanted: Partial<Rules>) => Promise<void>;
  readonly counted: () => Promise<RuleCounters | undefined>;
}

async function withScene(
  backend: (typeof kinds)[number],
  body: (scene: Scene) => Promise<void>,
): Promise<void> {
  await withNamespaces(2, async (app, world) => {
    if (app === undefined || world === undefined) throw new Error('there are two');
    await joinWorld(app, world);
    await body({
      app,
      world,
      apply: async (wanted) => {
        await applyRules({ ...usual, backend, ...wanted }, machineOf(app));
      },
      counted: () => countRules(machineOf(app).run),
    });
  });
}

describeWhere(rulesThere, 'what is not the first packet of a connection', () => {
  describe.each(kinds)('with iptables-%s', (backend) => {
    test('a connection from before is ended where it is to be captured, and else counted', async () => {
      await withScene(backend, async ({ app, world, apply, counted }) => {
        const origin = python(world, echoes, '2525', '3000');
        await origin.hears();
        await origin.hears();
        // The kernel tracks connections as soon as rules stand, whosever they are.
        await apply({});
        const client = python(app, keeper, '2525', '3000');
        expect(await client.told()).toBe('hello hello');
        await apply({ ports: [80, 443, 3000], udp: 'reject', sealed: true });
        expect(await counted()).toMatchObject({ tcpBypassed: 0 });
        expect(await client.told()).toBe('hello ConnectionResetError');
        expect(await counted()).toMatchObject({ tcpBypassed: 1 });
      });
    }, 30_000);

    test('raw packets, which no redirection sees, do not get out of a replay', async () => {
      await withScene(backend, async ({ app, world, apply, counted }) => {
        await apply({ udp: 'reject' });
        const refused = python(world, listener);
        await refused.hears();
        await app.run('python3', '-c', raw);
        expect(await refused.told()).toBe('0');
        expect(await counted()).toMatchObject({ tcpBypassed: 0, otherPassed: 0 });
        // While recording they are let through, but for those to ports that are captured.
        await apply({});
        const passed = python(world, listener);
        await passed.hears();
        await app.run('python3', '-c', raw);
        expect(Number(await passed.told())).toBeGreaterThan(0);
        const { tcpBypassed, otherPassed } = (await counted()) ?? {};
        expect(tcpBypassed).toBe(1);
        expect(otherPassed).toBeGreaterThan(0);
      });
    }, 30_000);

    test('the last words of a proxy that has closed a connection reach their server', async () => {
      await withScene(backend, async ({ app, world, apply, counted }) => {
        const origin = python(world, slowReader);
        await origin.hears();
        await apply({ udp: 'reject' });
        const sent = await app.run('python3', '-c', hastySender);
        expect(await origin.hears()).toBe(sent.trim());
        expect(await counted()).toMatchObject({ tcpBypassed: 0 });
      });
    }, 30_000);
  });
});

/** Reads to the end, but late. */
const slowReader = `
import socket, time
at = socket.create_server(('0.0.0.0', 80))
at.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
print('listening', flush=True)
one, _ = at.accept()
time.sleep(1)
total = 0
while True:
    read = len(one.recv(65536))
    if read == 0: break
    total += read
print(total, flush=True)`;

/** Hands all to the kernel, closes, and ends: what is left is sent by a socket that is nobody's. */
const hastySender = `
import os, socket
os.setgid(${proxyGid})
os.setuid(${uid})
one = socket.socket()
one.connect(('10.77.0.2', 80))
one.setblocking(False)
total = 0
try:
    while True: total += one.send(b'x' * 65536)
except BlockingIOError: pass
one.close()
print(total)`;
