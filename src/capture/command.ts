import { errorCode } from '../support/system-error.ts';

/** What became of a command. */
export interface Ran {
  /** True where there is no such command. */
  readonly missing: boolean;
  readonly ok: boolean;
  /** The exit status, where it came to one. */
  readonly status?: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command with some arguments, and a text for its standard input; never rejects. */
export type Run = (command: string, args: readonly string[], input?: string) => Promise<Ran>;

/** No kernel takes longer over a few rules; a lock that another process never lets go of does. */
const limitMs = 30_000;

/** Runs a command of this machine, in English. */
export const runCommand: Run = async (command, args, input = '') => {
  // Here and not above: it takes long to load, and a magneto that serves never runs a command.
  const { execa } = await import('execa');
  const ran = await execa(command, args, {
    input,
    reject: false,
    timeout: limitMs,
    env: { LC_ALL: 'C' },
  });
  const { failed, stdout, stderr, exitCode: status } = ran;
  const missing = failed && errorCode(ran) === 'ENOENT';
  return { missing, ok: !failed, stdout, stderr, ...(status !== undefined && { status }) };
};
