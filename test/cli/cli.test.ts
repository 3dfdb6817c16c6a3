import { describe, expect, test } from '@jest/globals';
import { run } from '../../src/cli/cli.ts';
import { version } from '../../src/cli/version.ts';
import { keeper } from './edge.ts';

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function ran(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const [stdout, stderr] = [keeper(), keeper()];
  const status = await run(argv, env, { stdout, stderr, log: keeper() });
  return { status, out: stdout.text(), err: stderr.text() };
}

describe('the command line', () => {
  test.each([[['version']], [['--version']], [['-v']], [['serve', '--version']]])(
    '%j prints the version',
    async (argv) => {
      expect(await ran(argv)).toEqual({ status: 0, out: `magneto ${version}\n`, err: '' });
    },
  );

  test.each([
    [['--help']],
    [['-h']],
    [['help']],
    [['serve', '--help']],
    [['rules', 'apply', '-h']],
    [['doctor', '--help']],
  ])('%j prints what there is', async (argv) => {
    const { status, out } = await ran(argv);
    expect(status).toBe(0);
    for (const word of ['serve', 'health', 'version', 'MAGNETO_MODE']) expect(out).toContain(word);
  });

  test.each([
    [['srve'], '"srve" (nearest: serve)'],
    [['helth'], '"helth" (nearest: health)'],
    [['--hlep'], '"--hlep" (nearest: --help)'],
    [['constructor'], '"constructor"'],
    [['serve', '--port=1'], '"--port=1"'],
    [['version', 'now'], '"now"'],
    [['a\nb'], String.raw`"a\nb"`],
  ])('%j is refused in one line', async (argv, words) => {
    const { status, out, err } = await ran(argv);
    expect(status).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/^magneto: COMMAND_UNKNOWN: [^\n]+\n$/);
    expect(err).toContain(words);
  });

  test.each([[[]], [['serve']]])('%j serves, and says in one line why it cannot', async (argv) => {
    const { status, err } = await ran(argv, { MAGNETO_MODE: 'replya' });
    expect(status).toBe(2);
    expect(err).toMatch(/^magneto: OPTION_INVALID: MAGNETO_MODE is "replya" [^\n]+\n$/);
  });

  test('health asks', async () => {
    const { status, out } = await ran(['health'], { MAGNETO_CONTROL_PORT: '0' });
    expect(status).toBe(1);
    expect(out).toMatch(/^unready: /);
  });
});
