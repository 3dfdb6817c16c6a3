import { Socket } from 'node:net';
import type { RuleCounters } from './counters.ts';

/** What the kernel's rules have counted, by name; null where they said no number. */
export type KernelCounters = Readonly<Record<keyof RuleCounters, number | null>>;

const counterNames: readonly (keyof RuleCounters)[] = [
  'tcpBypassed',
  'udpPassed',
  'udpRejected',
  'quicRejected',
  'otherPassed',
  'sealed',
  'captured',
];

/** The way to the counters of the rules. */
export interface CounterReader {
  /** What they are now; nothing where nobody answers in time, or says what is no answer. */
  readonly read: () => Promise<KernelCounters | null>;
  /** Lets the descriptors go. */
  readonly close: () => void;
}

/** How the counters are asked. */
export interface CounterOptions {
  /** The descriptor that a line asks on, and the one that is answered on: pipes or FIFOs. */
  readonly descriptors: readonly [ask: number, answer: number];
  /** How long an answer is waited for. */
  readonly limitMs?: number;
}

const lineBytesMax = 64 * 1024;

/**
 * Asks whoever may read the rules, which this process may not: one line on one descriptor, one line
 * of JSON back on the other.
 * @throws the error of Node where a descriptor is not open, or is neither a pipe nor a socket.
 */
export function openCounters({ descriptors, limitMs = 2_000 }: CounterOptions): CounterReader {
  const [ask, answer] = descriptors;
  // Sockets, because reading a FIFO as a file would hold a thread of the pool until somebody answers.
  const question = new Socket({ fd: ask, readable: false, writable: true });
  const reply = new Socket({ fd: answer, readable: true, writable: false });
  // Without a listener an error of a pipe whose other end has gone would end the process.
  for (const socket of [question, reply]) socket.on('error', () => {}).unref();
  let reading: Promise<KernelCounters | null> | undefined;
  // What comes when nobody has asked is an answer that was too late.
  reply.resume();
  return {
    read() {
      reading ??= readOnce({ question, reply, limitMs }).finally(() => {
        reading = undefined;
      });
      return reading;
    },
    close() {
      question.destroy();
      reply.destroy();
    },
  };
}

function readOnce(asked: {
  readonly question: Socket;
  readonly reply: Socket;
  readonly limitMs: number;
}): Promise<KernelCounters | null> {
  const { question, reply, limitMs } = asked;
  return new Promise((resolve) => {
    let text = '';
    const settle = (counters: KernelCounters | null): void => {
      clearTimeout(timer);
      reply.off('data', hear).off('close', lost);
      resolve(counters);
    };
    const lost = (): void => settle(null);
    const hear = (bytes: Buffer): void => {
      text += bytes.toString('utf8');
      const end = text.indexOf('\n');
      if (end !== -1) settle(parseCounters(text.slice(0, end)));
      else if (text.length > lineBytesMax) lost();
    };
    const timer = setTimeout(lost, limitMs);
    if (question.destroyed || reply.destroyed) return lost();
    reply.on('data', hear).on('close', lost);
    question.write('count\n');
  });
}

/** The counters of a line of JSON; a member that is no count is null, and never a made-up 0. */
export function parseCounters(line: string): KernelCounters | null {
  let said: unknown;
  try {
    said = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof said !== 'object' || said === null || Array.isArray(said)) return null;
  const members = said as Readonly<Record<string, unknown>>;
  const read = counterNames.map((name) => [name, countOf(members[name])] as const);
  return Object.fromEntries(read) as KernelCounters;
}

function countOf(value: unknown): number | null {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : null;
}
