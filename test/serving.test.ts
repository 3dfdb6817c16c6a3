import { text } from 'node:stream/consumers';
import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { expect, test } from '@jest/globals';
import { openControl, openIntake } from '../src/serving.ts';
import { openRun } from '../src/sessions.ts';
import { withGround } from './ground.ts';

const ask = (url: string, host?: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get(url, { agent: false, ...(host && { headers: { host } }) }, resolve).on('error', reject);
  });

test('the CA certificate is served to clients under a name of our own', async () => {
  await withGround({ MAGNETO_MODE: 'passthrough' }, async (ground) => {
    const intake = openIntake(
      { ...ground, session: await openRun(ground, () => false) },
      () => false,
    );
    const { address, port } = await intake.listen('127.0.0.1', 0);
    const answer = await ask(`http://${address}:${port}/ca.pem`, 'magneto.local');
    expect(await text(answer)).toBe(ground.authority.certificatePem);
    await intake.close(0);
  });
});

test('the control plane says how far the run has come', async () => {
  await withGround({}, async (ground) => {
    const control = openControl(ground, { phase: 'starting' });
    const { address, port } = await control.listen('127.0.0.1', 0);
    const answer = await ask(`http://${address}:${port}/health`);
    expect([answer.statusCode, JSON.parse(await text(answer))]).toMatchObject([
      503,
      { status: 'unready', reason: 'starting' },
    ]);
    await control.close();
  });
});
