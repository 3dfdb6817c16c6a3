import { inspect } from 'node:util';
import { isHostPattern } from '../support/host-patterns.ts';
import { list, ValueError, whole } from './values.ts';

/** Hosts, names below one, addresses and ranges, with a port or without; as they were written. */
export function liveHosts(text: string): readonly string[] {
  const hosts = list(text);
  const wrong = hosts.find((host) => !isHostPattern(host));
  if (wrong !== undefined) throw new ValueError(`"${wrong}" is no host, address or range`);
  return [...new Set(hosts)];
}

/** What can stand behind `Bearer` (RFC 9110, 11.2); nothing for an empty text. The error never repeats the value. */
export function bearerToken(text: string): Secret | undefined {
  if (text === '') return undefined;
  if (!/^[\x21-\x7e]{1,4096}$/.test(text)) throw new ValueError('no token');
  return new DiscreetSecret(text);
}

/** A secret, whose text can be read, but is in no print of it. */
export interface Secret {
  readonly text: string;
}

class DiscreetSecret implements Secret {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): string {
    return '[FILTERED]';
  }

  [inspect.custom](): string {
    return this.toJSON();
  }
}

/** Two different file descriptors beyond the three that every process has; nothing for an empty text. */
export function descriptorPair(text: string): readonly [number, number] | undefined {
  if (text === '') return undefined;
  const [, first, second] = /^(\d{1,4}),(\d{1,4})$/.exec(text.replaceAll(' ', '')) ?? [];
  const pair = [Number(first), Number(second)] as const;
  if (!(pair[0] > 2 && pair[1] > 2) || pair[0] === pair[1]) throw new ValueError('no two of them');
  return pair;
}

/** Failures in a row, and the milliseconds that follow them: `5/30`; nothing for an empty text. */
export function breaker(
  text: string,
): { readonly failures: number; readonly openMs: number } | undefined {
  if (text === '') return undefined;
  const [, failures, seconds] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  if (!(Number(failures) > 0 && Number(seconds) > 0)) throw new ValueError('not failures/seconds');
  return { failures: Number(failures), openMs: Number(seconds) * 1000 };
}

/** How many connections there may be: a number, or as many as the system allows. */
export function connectionsMax(text: string): number | 'auto' {
  return text === 'auto' ? text : whole(1, 1_000_000)(text);
}

/** Fields of gRPC messages: `package.Message.field`, or by numbers `/package.Service/Method:1.2`. */
export function grpcFields(text: string): readonly string[] {
  const fields = list(text);
  const wrong = fields.find(
    (field) => !/^(?:\/[\w.]+\/\w+:\d+(?:\.\d+)*|[A-Za-z_]\w*(?:\.\w+)+)$/.test(field),
  );
  if (wrong !== undefined) throw new ValueError(`"${wrong}" is no field`);
  return [...new Set(fields)];
}
