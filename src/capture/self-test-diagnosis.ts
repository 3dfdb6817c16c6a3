import type { Probe, SelfTestAnswer } from './self-test.ts';

/** How a test connection ended: with an answer, or without one. */
export type ProbeEnding =
  | { readonly how: 'answered'; readonly answer: SelfTestAnswer }
  /** Somebody answered who is no magneto, or speaks no HTTP. */
  | { readonly how: 'stranger'; readonly words: string }
  | {
      /** `turnedAway`: a magneto answered with a failure. */
      readonly how: 'turnedAway' | 'refused' | 'unreachable' | 'timedOut' | 'reset' | 'failed';
      readonly words: string;
    };

/** What became of one test connection. */
export interface ProbeResult {
  readonly probe: Probe;
  readonly verdict: Verdict;
  /** For people: what was met instead of what ought to be. */
  readonly words: string;
}

/** Right, or in which way wrong. */
export type Verdict =
  | 'right'
  | 'stranger'
  | 'otherProxy'
  | 'noDestination'
  | 'wrongDestination'
  | Exclude<ProbeEnding['how'], 'answered'>;

/** Judges one test connection by what it was to meet: its own nonce, this run, its own destination. */
export function judge(
  probe: Probe,
  expected: { readonly nonce: string; readonly run: string | undefined },
  ending: ProbeEnding,
): ProbeResult {
  if (ending.how !== 'answered') return { probe, verdict: ending.how, words: ending.words };
  const { nonce, run, destination } = ending.answer;
  if (nonce !== expected.nonce) {
    return { probe, verdict: 'stranger', words: 'answered, but not to what it was asked' };
  }
  if (expected.run !== undefined && run !== expected.run) {
    return { probe, verdict: 'otherProxy', words: `answered by another magneto (run ${run})` };
  }
  if (destination === null) {
    return {
      probe,
      verdict: 'noDestination',
      words: 'arrived, but the kernel named no destination',
    };
  }
  const { address, port } = destination;
  if (address !== probe.address || port !== probe.port) {
    const words = `arrived, but as a connection to ${address} port ${port}`;
    return { probe, verdict: 'wrongDestination', words };
  }
  return { probe, verdict: 'right', words: 'captured, with the right destination' };
}

/** For each way of being wrong, what is likely so, and the line that mends it. */
const causes: Readonly<Record<Exclude<Verdict, 'right'>, readonly [likely: string, mend: string]>> =
  {
    timedOut: [
      'the connection was not captured: the rules are not there, or other rules stand before them',
      'magneto rules apply; what stands before MAGNETO_OUTPUT is shown by: iptables -t nat -S OUTPUT',
    ],
    stranger: [
      'another process has the port of the proxy, or another program redirects connections first',
      'give magneto a port of its own: MAGNETO_PORT=18888; who has it is shown by: ss -lptn',
    ],
    otherProxy: [
      'two magnetos share this network namespace, and the rules lead to the other one',
      'stop one of them, or give this one ports of its own: MAGNETO_PORT, MAGNETO_CONTROL_PORT',
    ],
    noDestination: [
      'the proxy does not ask the kernel where captured connections were to go',
      'set MAGNETO_TRANSPARENT=true for the proxy',
    ],
    turnedAway: [
      'the proxy takes it for an explicit client, as it does not ask the kernel; or see its failure',
      'set MAGNETO_TRANSPARENT=true for the proxy',
    ],
    wrongDestination: [
      'another program redirects these connections before magneto does',
      'remove its rules; they are shown by: iptables -t nat -S; ip6tables -t nat -S',
    ],
    refused: [
      'the proxy does not listen on that loopback address; or nothing was captured, and a firewall refused it',
      'let it listen on both families: MAGNETO_HOST=0.0.0.0,::; whether the rules stand: magneto rules check',
    ],
    unreachable: [
      'there is no route that the connection could have left by, so that no rule ever saw it',
      'ip route add default dev lo metric 4294967295 (ip -6 for IPv6); `rules apply` does it for a replay',
    ],
    reset: [
      'the proxy took the connection for one of its own, or nothing was captured, and a firewall reset it',
      'do not run the test as the user and group of the proxy; whether the rules stand: magneto rules check',
    ],
    failed: [
      'this process could not open a connection at all',
      'raise the limit of open files, and look at the error above',
    ],
  };

/** One screen: how each connection fared, and for each kind of wrong what is likely and what mends it. */
export function diagnosis(results: readonly ProbeResult[]): string {
  const wrong = results.filter(({ verdict }) => verdict !== 'right');
  const rows = [...wrong, ...results.filter(({ verdict }) => verdict === 'right')];
  const shown = rows.slice(0, rowsMax).map(row);
  const more = rows.length - shown.length;
  const advice = [...new Set(wrong.map(({ verdict }) => verdict))].flatMap((verdict) => {
    if (verdict === 'right') return [];
    const [likely, mend] = causes[verdict];
    return [`  likely:  ${likely}`, `  remedy:  ${mend}`];
  });
  return [...shown, ...(more > 0 ? [`  and ${more} more`] : []), ...advice, ''].join('\n');
}

/** What is likely wrong with a connection, and the line that mends it; nothing where it is right. */
export function causeOf(
  verdict: Verdict,
): { readonly likely: string; readonly remedy: string } | undefined {
  if (verdict === 'right') return undefined;
  const [likely, remedy] = causes[verdict];
  return { likely, remedy };
}

const rowsMax = 12;

function row({ probe, verdict, words }: ProbeResult): string {
  const family = probe.family === 'v4' ? 'IPv4' : 'IPv6';
  const mark = verdict === 'right' ? 'ok  ' : 'FAIL';
  return `  ${mark} ${family} port ${String(probe.port).padEnd(5)} ${words}`;
}
