import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { expect, test } from '@jest/globals';
import type { Failure } from '../../src/exchange/failure.ts';
import { Failure as AFailure } from '../../src/exchange/failure.ts';
import { allOf, dial, until, withIntake } from './tools.ts';

function crowd(connectionsMax: number, filesMax?: number) {
  const crowded: Failure[] = [];
  const onCrowded = (failure: Failure): void => void crowded.push(failure);
  return { crowded, crowd: { connectionsMax, filesMax, onCrowded } };
}

const request = 'GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n';

async function hears(socket: Socket): Promise<string> {
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  return bytes.toString();
}

test('one too many is told why; those who are in stay, and when one leaves another may come', async () => {
  const { crowded, ...options } = crowd(2);
  await withIntake(options, async ({ port, intake }) => {
    const [first, second] = [await dial(port), await dial(port)];
    const third = await dial(port);
    const words = await allOf(third);
    expect(words).toMatch(/^HTTP\/1.1 503 [^]*X-Magneto-Failure: TOO_MANY_CONNECTIONS/);
    expect(crowded).toMatchObject([{ code: 'TOO_MANY_CONNECTIONS' }]);
    second.write(request);
    expect(await hears(second)).toContain('/x');
    first.destroy();
    await until(() => intake.connections === 1);
    const fourth = await dial(port);
    fourth.write(request);
    expect(await hears(fourth)).toContain('/x');
    expect(crowded).toHaveLength(1);
  });
});

/** How a connection that may be ended at once ends: with words, or without. */
function ends(port: number): Promise<'reset' | 'told'> {
  // It does not end its side, so that it has to be waited for.
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  return new Promise((resolve) => {
    client.on('error', () => resolve('reset'));
    client.on('end', () => resolve('told'));
    client.resume();
  });
}

test('a captured one is reset: it knows of no proxy', async () => {
  const { crowded, ...options } = crowd(0);
  const originalDestination = () => ({ address: '192.0.2.1', port: 80 });
  await withIntake({ ...options, originalDestination }, async ({ port }) => {
    expect(await ends(port)).toBe('reset');
    expect(crowded).toHaveLength(1);
  });
});

test('where hardly any files are left nobody is let in, however few are open', async () => {
  const { crowded, ...options } = crowd(1000, 33);
  await withIntake(options, async ({ port }) => {
    expect(await allOf(await dial(port))).toContain('TOO_MANY_CONNECTIONS');
    expect(crowded[0]?.message).toContain('of 33 files');
  });
});

test('of a flood of them most are reset, and none is kept', async () => {
  const { crowded, ...options } = crowd(0);
  await withIntake(options, async ({ port, intake }) => {
    const all = await Promise.all(Array.from({ length: 80 }, () => ends(port)));
    expect(all.filter((how) => how === 'reset').length).toBeGreaterThanOrEqual(48);
    expect(crowded).toHaveLength(80);
    expect(intake.connections).toBe(0);
  });
});

test('while memory is low nobody else is let in, and who is in goes on', async () => {
  const { crowded, crowd: limits } = crowd(10);
  let low: Failure | undefined;
  await withIntake({ crowd: { ...limits, memoryLow: () => low } }, async ({ port }) => {
    const first = await dial(port);
    first.write(request);
    expect(await hears(first)).toContain('/x');
    low = new AFailure('MEMORY_LOW', 'nothing left');
    expect(await allOf(await dial(port))).toContain('X-Magneto-Failure: MEMORY_LOW');
    first.write(request);
    expect(await hears(first)).toContain('/x');
    expect(crowded).toEqual([low]);
  });
});
