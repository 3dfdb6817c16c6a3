import { open } from 'node:fs/promises';
import { arch, release } from 'node:os';
import { readFile } from 'node:fs/promises';
import { runCommand } from '../capture/capture.ts';
import { Failure } from '../exchange/failure.ts';
import { errorWords } from '../support/system-error.ts';
import { isSecret } from '../config/config.ts';
import { version } from './version.ts';

/** What a bug report needs besides what is asked of the machine. */
export interface BundleParts {
  readonly env: NodeJS.ProcessEnv;
  /** What was found, as it was printed. */
  readonly findings: string;
  /** The rules that stand, as the `-save` commands print them. */
  readonly rules: string;
  readonly health: Readonly<Record<string, unknown>>;
}

/** One text for a bug report: nothing in it is secret, and nothing of what was recorded. */
export async function bundleText({ env, findings, rules, health }: BundleParts): Promise<string> {
  const sections: readonly (readonly [title: string, body: string])[] = [
    ['versions', await versions()],
    // A setting that is wrong is quoted there.
    ['findings', withoutSecrets(findings)],
    ['settings', settingsText(env)],
    ['health', withoutSecrets(JSON.stringify(health, null, 2))],
    ['addresses', await said('ip', ['address'])],
    ['routes', `${await said('ip', ['route'])}\n${await said('ip', ['-6', 'route'])}`],
    ['rules', rules === '' ? 'only root may look' : rules],
    ['resolv.conf', await textOf('/etc/resolv.conf')],
    ['limits', await textOf('/proc/self/limits')],
  ];
  return sections.map(([title, body]) => `== ${title}\n\n${body.trim()}\n`).join('\n');
}

/** Writes it. @throws Failure BUNDLE_UNWRITABLE */
export async function writeBundle(file: string, content: string): Promise<void> {
  try {
    // Never over a file that is there: in a folder of everybody's it could be a link to another.
    const handle = await open(file, 'wx', 0o600);
    await handle.writeFile(content);
    await handle.close();
  } catch (cause) {
    throw new Failure('BUNDLE_UNWRITABLE', `${file}: ${errorWords(cause)}`, { cause });
  }
}

/** The variables that concern magneto, and those that name proxies and certificates; values of secrets masked. */
export function settingsText(env: NodeJS.ProcessEnv): string {
  const concerns =
    /^(?:MAGNETO_|VCR_|(?:https?|no|all)_proxy$|(?:SSL|CURL|REQUESTS|NODE|GIT|DENO|JAVA|JDK)_|CI$)/i;
  return Object.entries(env)
    .filter(([name]) => concerns.test(name))
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value = '']) => `${name}=${masked(name, value)}`)
    .join('\n');
}

function masked(name: string, value: string): string {
  return value !== '' && isSecret(name) ? '[masked]' : withoutSecrets(value);
}

/**
 * A text without what looks like a secret in it: a URL keeps its host and loses who asks, however the
 * password is spelt, and what is named a password, a token or the like loses its value.
 */
function withoutSecrets(told: string): string {
  const named =
    /((?:passw|token|secret|credential|authori[sz]ation|api[-_.]?key|access[-_.]?key)[\w.-]*["']?\s*[=:]\s*)(?:(?:basic|bearer)\s+)?\S+/gi;
  return told.replaceAll(/(\S*?:\/\/)?\S+@/g, '$1[masked]@').replaceAll(named, '$1[masked]');
}

async function versions(): Promise<string> {
  const os = /^PRETTY_NAME="?([^"\n]*)/m.exec(await textOf('/etc/os-release'))?.[1] ?? 'unknown';
  return [
    `magneto ${version}`,
    `node ${process.version}`,
    `kernel ${release()} ${arch()}`,
    `system ${os}`,
    `user ${process.getuid?.() ?? '?'}:${process.getgid?.() ?? '?'}`,
    await said('iptables', ['--version']),
  ].join('\n');
}

async function said(command: string, args: readonly string[]): Promise<string> {
  const { missing, stdout, stderr } = await runCommand(command, args);
  return missing ? `there is no ${command} here` : `${stdout}${stderr}`.trim();
}

async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => errorWords(error));
}
