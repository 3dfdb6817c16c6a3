import { join } from 'node:path';
import type { Appliance } from '../appliance.ts';
import type { Settings } from '../config/config.ts';
import { authorityOf } from '../exchange/destination.ts';
import { version } from './version.ts';

type Shown = Pick<Appliance, 'addresses' | 'certificateFile' | 'status'>;

/** What a person sees at the start: where things are, and two lines to copy. */
export function screen(appliance: Shown, settings: Settings): string {
  const proxies = appliance.addresses.proxy.map(urlOf);
  const controls = appliance.addresses.control.map(urlOf);
  const proxy = proxies[0] ?? '';
  const names = (appliance.addresses.names ?? []).map(authorityOf).join('  ');
  const certificate = shellWord(appliance.certificateFile);
  return [
    `magneto ${version}`,
    '',
    `  proxy     ${proxies.join('  ')}`,
    `  control   ${controls.join('  ')}`,
    ...(names === '' ? [] : [`  names     ${names}`]),
    `  mode      ${modeWords(appliance.status())}`,
    ...cassetteLines(appliance.status(), settings),
    `  CA        ${appliance.certificateFile}`,
    '',
    'To try it:',
    '',
    `  curl --proxy ${proxy} --cacert ${certificate} https://example.com/`,
    `  curl ${controls[0] ?? ''}/receipt`,
    '',
    '',
  ].join('\n');
}

function modeWords({ mode, acts }: { readonly mode: string; readonly acts?: unknown }): string {
  return typeof acts === 'string' && acts !== mode ? `${mode} (now: ${acts})` : mode;
}

/** The cassette; where clients have cassettes of their own, a line for each, and what it does. */
function cassetteLines(status: ReturnType<Shown['status']>, settings: Settings): readonly string[] {
  const { cassetteName, clients } = settings;
  const { sessions } = status;
  if (sessions === undefined)
    return [`  cassette  ${cassetteWords(cassetteName, status, settings)}`];
  return Object.entries(sessions).map(([name, session], index) => {
    const own = clients.filter(({ cassette }) => cassette === name).map(({ at }) => at);
    const whose = index === 0 ? ['other clients', ...own] : own;
    const words = `${cassetteWords(name, session, settings)}, ${session.acts}: ${whose.join(', ')}`;
    return `  ${index === 0 ? 'cassettes' : '         '} ${words}`;
  });
}

function cassetteWords(
  name: string,
  status: { readonly interactions: number; readonly cassetteFile?: unknown },
  { cassetteDir, cassetteFormat }: Settings,
): string {
  const usual = join(cassetteDir, `${name}.${cassetteFormat}`);
  const file = typeof status.cassetteFile === 'string' ? status.cassetteFile : usual;
  const count = status.interactions;
  return `${file} (${count} ${count === 1 ? 'interaction' : 'interactions'})`;
}

/** A wildcard is an address to listen on; a client needs one to connect to. */
function urlOf({ host, port }: { readonly host: string; readonly port: number }): string {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${authorityOf({ host: reachable, port })}`;
}

/** A path as a shell takes it. */
function shellWord(path: string): string {
  if (/^[\w./~+,:@%-]+$/.test(path)) return path;
  return `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
