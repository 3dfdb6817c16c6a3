import type { Distribution, Fault, FaultEffect, FaultRule } from '../exchange/fault.ts';
import { isHostPattern } from '../support/host-patterns.ts';
import { ValueError, whole } from './values.ts';

/** Rules separated by `;`, each a route and its faults: `api.example.org latency=normal,100,20 status=503@10%; * reset@1%`. */
export function faultRules(text: string): readonly FaultRule[] {
  return text
    .split(';')
    .map((rule) => rule.trim())
    .filter((rule) => rule !== '')
    .map(readRule);
}

const pauseMsMax = 3_600_000;
const ms = whole(0, pauseMsMax);
const bytes = whole(0, Number.MAX_SAFE_INTEGER);
const errorCode = whole(0, 0xff_ff_ff_ff);

function readRule(text: string): FaultRule {
  const [route = '', ...words] = text.split(/\s+/);
  const slash = route.indexOf('/');
  const hosts = slash === -1 ? route : route.slice(0, slash);
  if (!isHostPattern(hosts)) throw new ValueError(`"${route}" is no route (host, host/path or *)`);
  if (words.length === 0) throw new ValueError(`nothing is to happen on "${route}"`);
  const path = slash === -1 ? {} : { path: route.slice(slash) };
  return { hosts, ...path, faults: words.map(readFault) };
}

function readFault(word: string): Fault {
  const [, name = '', args, share] =
    /^([a-z]+)(?:=([^@]+))?(?:@(\d+(?:\.\d+)?)%)?$/.exec(word) ?? [];
  const read = effects[name];
  if (read === undefined) {
    throw new ValueError(`"${word}" is no fault (${Object.keys(effects).join(', ')})`);
  }
  const percent = share === undefined ? 100 : Number(share);
  if (percent > 100) throw new ValueError(`"${word}" happens to more than all`);
  return { effect: read(args?.split(',') ?? [], word), percent };
}

type Read = (args: readonly string[], word: string) => FaultEffect;

const effects: Readonly<Record<string, Read>> = {
  latency: (args, word) => ({ type: 'latency', of: readDistribution(args, word) }),
  refuse: (args, word) => ({ type: 'refuse', ...take(args, word, 0) }),
  timeout: (args, word) => ({ type: 'timeout', ...take(args, word, 0) }),
  reset: (args) => ({
    type: 'reset',
    ...(args[0] === undefined ? {} : { afterBytes: bytes(args[0]) }),
  }),
  status: ([status = ''], word) => ({
    type: 'status',
    status: checked(() => whole(200, 599)(status), word),
  }),
  grpc: ([status = ''], word) => ({
    type: 'grpc',
    status: checked(() => whole(1, 16)(status), word),
  }),
  rst: ([code = '2'], word) => ({ type: 'rst', code: checked(() => errorCode(code), word) }),
  goaway: ([code = '0'], word) => ({ type: 'goaway', code: checked(() => errorCode(code), word) }),
  truncate: ([after = ''], word) => ({
    type: 'truncate',
    afterBytes: checked(() => bytes(after), word),
  }),
  bandwidth: ([speed = ''], word) => ({
    type: 'bandwidth',
    bytesPerSecond: checked(() => whole(1, Number.MAX_SAFE_INTEGER)(speed), word),
  }),
  slice: ([size = '', pause = '0'], word) => ({
    type: 'slice',
    bytes: checked(() => whole(1, Number.MAX_SAFE_INTEGER)(size), word),
    pauseMs: checked(() => ms(pause), word),
  }),
  slowclose: ([wait = ''], word) => ({ type: 'slowclose', ms: checked(() => ms(wait), word) }),
};

function readDistribution(args: readonly string[], word: string): Distribution {
  const [shape = '', first = '', second = ''] = args;
  return checked(() => {
    switch (shape) {
      case 'uniform':
        return { shape, leastMs: ms(first), mostMs: ms(second) };
      case 'normal':
        return { shape, meanMs: ms(first), deviationMs: ms(second) };
      case 'lognormal':
        return { shape, medianMs: ms(first), sigma: sigma(second) };
      default:
        return { shape: 'fixed', ms: ms(shape) };
    }
  }, word);
}

function sigma(text: string): number {
  if (!/^\d{1,3}(\.\d+)?$/.test(text)) throw new ValueError('no number');
  return Number(text);
}

function take(args: readonly string[], word: string, count: number): object {
  if (args.length > count) throw new ValueError(`"${word}" takes no number`);
  return {};
}

/** The error names the whole word: there may be many of them. */
function checked<Value>(read: () => Value, word: string): Value {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    throw new ValueError(`"${word}" has a number that is ${error.message}`);
  }
}
