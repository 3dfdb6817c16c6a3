import { standingRules } from '../capture/capture.ts';
import type { Settings } from '../config/config.ts';
import { loadSettings } from '../config/config.ts';
import { Failure, failureLine } from '../exchange/failure.ts';
import { readResolvConf } from '../network/network.ts';
import { bundleText, writeBundle } from './doctor-bundle.ts';
import { clockRow, descriptorsRow, volumeRow } from './doctor-machine.ts';
import {
  captureRow,
  connects,
  controlRow,
  namesRow,
  routeRows,
  rulesRow,
} from './doctor-network.ts';
import type { Row } from './doctor-row.ts';
import { rowsStatus, rowsText } from './doctor-row.ts';
import { trustRows } from './doctor-trust.ts';
import { fetchControl } from './health.ts';
import type { Streams } from './log.ts';
import { testAll } from './verify.ts';
import { readWords } from './words.ts';

/** What the verb needs. */
export interface Doctor {
  readonly env: NodeJS.ProcessEnv;
  readonly streams: Pick<Streams, 'stdout' | 'stderr'>;
  /** The words behind `doctor`. */
  readonly words: readonly string[];
}

const askLimitMs = 3000;

/**
 * Looks at each layer between an application and magneto, from where it is run: beside or inside the
 * application's container, as any user, with or without a network. 1 where a layer fails, else 0.
 * @throws Failure COMMAND_UNKNOWN, BUNDLE_UNWRITABLE
 */
export async function doctor({ env, streams, words }: Doctor): Promise<number> {
  const { json, bundle } = parse(words);
  const scene = await look(env);
  const rows = await findings(scene);
  const text = `magneto doctor\n\n${rowsText(rows)}`;
  const status = rowsStatus(rows);
  const print = json ? `${JSON.stringify({ status, rows }, null, 2)}\n` : text;
  if (bundle === undefined) {
    streams.stdout.write(print);
    return status;
  }
  const { health, standing } = scene;
  const content = await bundleText({ env, findings: text, rules: standing.text, health });
  if (bundle === '-') {
    streams.stdout.write(content);
    return status;
  }
  await writeBundle(bundle, content);
  streams.stdout.write(
    `${print}\nwritten to ${bundle}: secrets are masked, but read it before you post it\n`,
  );
  return status;
}

function parse(words: readonly string[]): {
  readonly json: boolean;
  readonly bundle: string | undefined;
} {
  const options = { json: { type: 'boolean' }, bundle: { type: 'string' } } as const;
  const { values } = readWords('doctor', { args: [...words], options });
  return { json: values.json === true, bundle: values.bundle };
}

/** What is known before any layer is looked at. */
interface Scene {
  readonly env: NodeJS.ProcessEnv;
  readonly settings: Settings;
  /** What is wrong with the settings here, if anything: the rest is looked at under the defaults. */
  readonly wrong: Failure | undefined;
  /** Where magneto is: the proxy that the environment names, or this network namespace. */
  readonly proxy: { readonly host: string; readonly port: number };
  readonly explicit: boolean;
  readonly standing: Awaited<ReturnType<typeof standingRules>>;
  readonly health: Readonly<Record<string, unknown>>;
  readonly certificatePem: string | undefined;
}

async function look(env: NodeJS.ProcessEnv): Promise<Scene> {
  const { settings, wrong } = settingsOf(env);
  const named = namedProxy(env);
  const proxy = named ?? { host: '127.0.0.1', port: settings.port };
  const ask = async (path: string): Promise<string | undefined> => {
    const target = { host: proxy.host, port: settings.controlPort };
    return fetchControl(target, path, AbortSignal.timeout(askLimitMs)).catch(() => undefined);
  };
  const pem = await ask('/ca.pem');
  return {
    env,
    settings,
    wrong,
    proxy,
    explicit: named !== undefined,
    standing: await standingRules(),
    health: objectOf(await ask('/health')),
    certificatePem: pem?.includes('BEGIN CERTIFICATE') === true ? pem : undefined,
  };
}

async function findings(scene: Scene): Promise<readonly Row[]> {
  const { settings, proxy, health, certificatePem } = scene;
  return [
    ...settingsRow(scene.wrong),
    controlRow(health, `${proxy.host} port ${settings.controlPort}`),
    ...(await captureRows(scene)),
    await volumeRow(settings.cassetteDir),
    clockRow(certificatePem),
    await descriptorsRow(),
    ...(await trust(scene)),
  ];
}

/** Where a proxy is named nothing has to be captured, and where none answers nothing can be. */
async function captureRows(scene: Scene): Promise<readonly Row[]> {
  const { settings, standing, health, explicit } = scene;
  const rows = [...(await routeRows()), rulesRow(standing, explicit)];
  if (explicit && standing.families.length === 0) {
    return [...rows, { layer: 'capture', status: 'ok', words: 'not needed: a proxy is named' }];
  }
  const run = typeof health['run'] === 'string' ? health['run'] : undefined;
  if (run === undefined) {
    return [...rows, { layer: 'capture', status: 'unknown', words: 'there is no magneto to test' }];
  }
  const { servers } = readResolvConf();
  return [...rows, captureRow(await testAll(settings, run)), await namesRow(servers)];
}

async function trust({ env, proxy, certificatePem }: Scene): Promise<readonly Row[]> {
  if (certificatePem === undefined || !(await connects(proxy.host, proxy.port))) {
    const words = `nobody answers at ${proxy.host} port ${proxy.port}, so no runtime can be asked`;
    return [{ layer: 'trust', status: 'unknown', words }];
  }
  const trustDir = env['MAGNETO_TRUST_DIR'] ?? '/trust';
  return trustRows({ ...proxy, trustDir, certificatePem, env });
}

function settingsOf(env: NodeJS.ProcessEnv): Pick<Scene, 'settings' | 'wrong'> {
  try {
    return { settings: loadSettings({ env }).settings, wrong: undefined };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { settings: loadSettings({ env: {} }).settings, wrong: error };
  }
}

function settingsRow(wrong: Failure | undefined): readonly Row[] {
  if (wrong === undefined) return [];
  return [{ layer: 'settings', status: 'fail', words: failureLine(wrong) }];
}

/** The proxy that the environment names, as most programs would read it. */
function namedProxy(env: NodeJS.ProcessEnv): Scene['proxy'] | undefined {
  const names = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'];
  const text = names.map((name) => env[name]).find((value) => value !== undefined && value !== '');
  if (text === undefined || !URL.canParse(text)) return undefined;
  const { hostname, port, protocol } = new URL(text);
  const usual = protocol === 'https:' ? 443 : 80;
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  return host === '' ? undefined : { host, port: port === '' ? usual : Number(port) };
}

function objectOf(body: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body ?? '');
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
