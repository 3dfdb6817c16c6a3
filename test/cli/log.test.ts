import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createLog, logTo } from '../../src/cli/log.ts';
import { keeper } from './edge.ts';

describe('the log', () => {
  test('is a line of JSON an event, with a time and a level that people can read', () => {
    const stream = keeper();
    createLog('info', stream).info({ id: 'a1' }, 'exchange');
    const lines = stream.text().trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        id: 'a1',
        msg: 'exchange',
      },
    ]);
  });

  test('leaves out what is below its level, and has the stack of an error', () => {
    const stream = keeper();
    const log = createLog('error', stream);
    log.warn('not this');
    log.error({ err: new Error('boom') }, 'this');
    expect(JSON.parse(stream.text())).toMatchObject({
      level: 'error',
      err: { message: 'boom', stack: expect.stringContaining('log.test.ts') },
    });
    const silent = keeper();
    createLog('silent', silent).fatal('nothing');
    expect(silent.text()).toBe('');
  });
});

describe('a file descriptor for the log', () => {
  test('has each line as soon as it was said', () => {
    const folder = mkdtempSync(join(tmpdir(), 'magneto-log-'));
    const path = join(folder, 'log');
    const file = openSync(path, 'w');
    const log = createLog('info', logTo(file));
    log.info('one');
    expect(readFileSync(path, 'utf8')).toContain('"msg":"one"');
    closeSync(file);
    rmSync(folder, { recursive: true });
  });

  test('that nobody can write to makes the log silent, and harms nothing', async () => {
    const file = openSync('/dev/null', 'r');
    const log = createLog('info', logTo(file));
    log.info('one');
    await new Promise((resolve) => setImmediate(resolve));
    expect(() => log.info('two')).not.toThrow();
    closeSync(file);
  });
});
