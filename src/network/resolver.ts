import type { DnsAnswer, DnsQuestion, Resolver } from '../exchange/dns.ts';
import { plainFinding, writeAnswer } from '../support/dns-finding.ts';
import { isTruncated, messageId, withMessageId } from '../support/dns-message.ts';
import { askByDatagram, askByStream } from './ask.ts';

/** Whom to ask. */
export interface ResolverOptions {
  /** IP addresses, asked one after the other until one answers. */
  readonly servers: readonly string[];
  /** 53, but for tests. */
  readonly port?: number;
  /** Milliseconds that each is waited for. */
  readonly limitMs?: number;
  /** Questions under way at once; what comes beyond fails. Each takes a socket. */
  readonly pendingMax?: number;
}

/** Clients wait for five seconds before they ask again (resolv.conf(5), `timeout`): all servers are asked in less. */
const allMs = 4_500;

/**
 * A resolver that passes questions on, byte for byte but for the id, to the servers of this machine.
 * Where none of them says anything it says SERVFAIL itself, before a client gives up waiting.
 * Equal questions under way are one: so a resolver of this very namespace that asks back, because the
 * rules capture its questions too, ends in a time-out and not in a storm.
 */
export function createResolver(options: ResolverOptions): Resolver {
  const { pendingMax = 256 } = options;
  const pending = new Map<string, Promise<Buffer | undefined>>();
  return {
    async resolve(question) {
      const key = question.transport + question.message.toString('latin1', 2);
      const known = pending.get(key);
      if (known === undefined && pending.size >= pendingMax) return failed(question, 'failed');
      const asked = known ?? askEach(options, question);
      if (known === undefined) {
        pending.set(key, asked);
        void asked.finally(() => pending.delete(key));
      }
      const told = await asked;
      if (told === undefined) return failed(question, 'forwarded');
      return {
        message: withMessageId(told, messageId(question.message)),
        outcome: 'forwarded',
      };
    },
  };
}

function failed({ message }: DnsQuestion, outcome: DnsAnswer['outcome']): DnsAnswer {
  const servfail = writeAnswer(message, plainFinding('SERVFAIL'));
  return { message: servfail, outcome, ending: 'timedOut' };
}

/** The first answer that is of use, else the first that is not; as a client with several servers goes on. */
async function askEach(
  { servers, port = 53, limitMs = 2_000 }: ResolverOptions,
  { transport, message }: DnsQuestion,
): Promise<Buffer | undefined> {
  const each = Math.min(limitMs, allMs / servers.length);
  let useless: Buffer | undefined;
  for (const host of servers) {
    const server = { host, port, limitMs: each };
    const answer =
      transport === 'udp'
        ? await askWhole(server, message)
        : await askByStream(server, message).catch(() => undefined);
    if (answer !== undefined && !isUseless(answer)) return answer;
    useless ??= answer;
  }
  return useless;
}

/** Asks in a datagram, and for what did not fit into one again: it is recorded whole. */
async function askWhole(
  server: Parameters<typeof askByStream>[0],
  message: Buffer,
): Promise<Buffer | undefined> {
  const answer = await askByDatagram(server, message).catch(() => undefined);
  if (answer === undefined || !isTruncated(answer)) return answer;
  return (await askByStream(server, message).catch(() => undefined)) ?? answer;
}

/** SERVFAIL, NOTIMP or REFUSED: another server may know more. */
function isUseless(answer: Buffer): boolean {
  return [2, 4, 5].includes(answer.readUInt16BE(2) & 0x0f);
}
