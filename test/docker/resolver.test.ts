import { beforeAll, expect, test } from '@jest/globals';
import { describeWhere } from '../skip.ts';
import { engine, images, prepare, preparingMs } from './engine.ts';
import type { Container, Ended, Stage } from './stage.ts';
import { client, variables, withStage } from './stage.ts';
import { folders } from './story.ts';

const name = 'outside.test';
const address = '192.0.2.9';

/** A name server of the world outside: it has one address for whatever it is asked. */
const script = `const socket = require('node:dgram').createSocket('udp4');
socket.on('message', (asked, { port, address }) => {
  const question = asked.subarray(12, asked.indexOf(0, 12) + 5);
  const isAddress = question.readUInt16BE(question.length - 4) === 1;
  const counts = Buffer.from([0x81, 0x80, 0, 1, 0, isAddress ? 1 : 0, 0, 0, 0, 0]);
  const record = Buffer.from(isAddress ? 'c00c000100010000003c0004c0000209' : '', 'hex');
  const told = Buffer.concat([asked.subarray(0, 2), counts, question, record]);
  socket.send(told, port, address);
});
socket.bind(53);
process.on('SIGTERM', () => process.exit(0));`;

async function startSidecar(
  stage: Stage,
  mode: string,
  options: readonly string[],
): Promise<Container> {
  const capabilities = ['NET_ADMIN', 'SETUID', 'SETGID'].map((each) => `--cap-add=${each}`);
  const all = ['--cap-drop=ALL', ...capabilities, '--health-interval=1s', ...options];
  const settings = variables({ MAGNETO_MODE: mode });
  const sidecar = await stage.start(mode, [...all, ...settings], [images.transparent]);
  await sidecar.healthy();
  return sidecar;
}

function lookUp(stage: Stage, sidecar: Container): Promise<Ended> {
  const beside = [`--network=container:${sidecar.name}`];
  return client(stage, beside, ['getent', 'ahostsv4', name]);
}

describeWhere(engine, 'a name that Docker’s own resolver does not know', () => {
  beforeAll(prepare, preparingMs);

  test(
    'is asked on by Docker from the network that is captured, recorded, and replayed',
    () =>
      withStage(async (stage) => {
        const outside = await stage.start('outside', [], [images.clients, 'node', '-e', script]);
        const networks = '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
        const server = await outside.inspect(networks);
        const { mounts } = await folders(stage, 1000);
        const recorder = await startSidecar(stage, 'record', [...mounts, `--dns=${server}`]);
        const live = await lookUp(stage, recorder);
        expect({ ...live, all: await recorder.logs() }).toMatchObject({
          status: 0,
          stdout: expect.stringContaining(address),
        });
        expect(await recorder.stop()).toMatchObject({ status: 0 });
        await outside.remove();
        const replayer = await startSidecar(stage, 'replay', mounts);
        expect(await lookUp(stage, replayer)).toEqual(live);
        expect(await replayer.stop()).toMatchObject({ status: 0 });
      }),
    120_000,
  );
});
