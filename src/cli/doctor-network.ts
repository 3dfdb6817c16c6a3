import { connect } from 'node:net';
import type { ProbeResult, Standing } from '../capture/capture.ts';
import { causeOf, selfTestAddress, wayOut, withTestRoutes } from '../capture/capture.ts';
import type { Row } from './doctor-row.ts';
import { isReachable } from './verify-dial.ts';

/** Whether magneto is there and ready. */
export function controlRow(health: Readonly<Record<string, unknown>>, where: string): Row {
  const layer = 'control plane';
  const { status, reason, mode, acts, cassette, run } = health;
  if (status === undefined) {
    const words = `nobody answers at ${where}`;
    const add = 'network_mode: "service:magneto", or HTTP_PROXY and HTTPS_PROXY with its address';
    return { layer, status: 'fail', words, add };
  }
  const facts = `mode ${String(mode)} (now: ${String(acts)}), cassette ${String(cassette)}`;
  if (status === 'ready')
    return { layer, status: 'ok', words: `ready: ${facts}, run ${String(run)}` };
  return { layer, status: 'fail', words: `not ready: ${String(reason)} (${facts})` };
}

/** Whether connections have a way out, so that they come as far as the rules. */
export async function routeRows(): Promise<readonly Row[]> {
  return Promise.all(
    (['v4', 'v6'] as const).map(async (family): Promise<Row> => {
      const layer = family === 'v4' ? 'route IPv4' : 'route IPv6';
      const address = selfTestAddress(family);
      if (await isReachable(address)) {
        const way = await wayOut(address);
        const over =
          way === 'loopback' ? 'over loopback, to be captured without a network' : 'there';
        return { layer, status: 'ok', words: over };
      }
      // Without IPv6 applications go by IPv4, and nothing is missed.
      if (family === 'v6') return { layer, status: 'ok', words: 'none: IPv6 is not used here' };
      const words = 'none: connections fail before any rule sees them';
      return { layer, status: 'warn', words, add: 'ip route add default dev lo metric 4294967295' };
    }),
  );
}

/** Whether rules of magneto stand in this network namespace. */
export function rulesRow(standing: Standing, explicit: boolean): Row {
  const layer = 'rules';
  if (!standing.known) {
    const words = 'only root with NET_ADMIN may look at them (or there is no iptables here)';
    return { layer, status: 'unknown', words };
  }
  const families = standing.families.map((family) => (family === 'v4' ? 'IPv4' : 'IPv6'));
  if (families.length > 0) {
    const kind = standing.backend === 'plain' ? 'iptables' : `iptables-${standing.backend}`;
    return { layer, status: 'ok', words: `${families.join(' and ')}, by ${kind}` };
  }
  if (explicit) return { layer, status: 'ok', words: 'none, and none needed: a proxy is named' };
  const add = 'magneto rules apply (as root with NET_ADMIN), or the transparent image';
  return { layer, status: 'fail', words: 'none stand in this network namespace', add };
}

/** Whether test connections come to magneto with their destinations. */
export function captureRow(results: readonly ProbeResult[]): Row {
  const layer = 'capture';
  const wrong = results.filter(({ verdict }) => verdict !== 'right');
  const [first] = wrong;
  if (first === undefined) {
    return {
      layer,
      status: 'ok',
      words: `${results.length} of ${results.length} test connections`,
    };
  }
  const { family, port } = first.probe;
  const where = `${family === 'v4' ? 'IPv4' : 'IPv6'} port ${port}`;
  const cause = causeOf(first.verdict);
  const words = `${wrong.length} of ${results.length} test connections fail: ${where} ${first.words}; ${cause?.likely ?? ''}`;
  return { layer, status: 'fail', words, ...(cause && { add: cause.remedy }) };
}

const namesLimitMs = 2000;

/**
 * Whether questions for names come to magneto. No question is asked: it would be recorded, or missed.
 * Over TCP a connection tells as much, as both ways have the same rule and the same listener.
 */
export async function namesRow(servers: readonly string[]): Promise<Row> {
  const layer = 'names';
  const asked =
    servers.length === 0 ? 'no name server is set' : `they are asked of ${servers.join(', ')}`;
  const address = selfTestAddress('v4');
  const captured = await withTestRoutes([address], () => connects(address, 53));
  if (captured) return { layer, status: 'ok', words: `questions are captured (${asked})` };
  const words = `questions are not captured (${asked}): a replay without a network knows no name`;
  const add = 'MAGNETO_TRANSPARENT=true for the proxy, and MAGNETO_DNS_PORT other than 0';
  return { layer, status: 'warn', words, add };
}

/** Whether a TCP connection comes about; it is ended at once. */
export async function connects(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (came: boolean): void => {
      socket.destroy();
      resolve(came);
    };
    socket.setTimeout(namesLimitMs, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
