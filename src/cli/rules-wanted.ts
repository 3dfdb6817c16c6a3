import type { Rules } from '../capture/capture.ts';
import { captureGid } from '../capture/capture.ts';
import { standingOf } from '../cassette/cassette.ts';
import type { Settings } from '../config/config.ts';
import { Failure, failureLine } from '../exchange/failure.ts';
import { staysOffline } from '../mode/mode.ts';
import type { ResolvConf } from '../network/network.ts';
import { readResolvConf } from '../network/network.ts';
import { numberOf } from './words.ts';

/** The flags of `rules` that stand in for a setting, and the variable of that. */
export const settingFlags = {
  port: 'MAGNETO_PORT',
  'dns-port': 'MAGNETO_DNS_PORT',
  ports: 'MAGNETO_REDIRECT_PORTS',
  'exclude-ports': 'MAGNETO_REDIRECT_EXCLUDE_PORTS',
  cidrs: 'MAGNETO_REDIRECT_CIDRS',
  'exclude-cidrs': 'MAGNETO_REDIRECT_EXCLUDE_CIDRS',
  uids: 'MAGNETO_REDIRECT_UIDS',
  'exclude-uids': 'MAGNETO_REDIRECT_EXCLUDE_UIDS',
  gateway: 'MAGNETO_GATEWAY',
  udp: 'MAGNETO_UDP',
  seal: 'MAGNETO_SEAL',
  iptables: 'MAGNETO_IPTABLES',
} as const;

/** Who we are, as the rules see it. */
export interface OwnIds {
  readonly uid?: string | undefined;
  readonly gid?: string | undefined;
}

/** The last number says that there is no user (chown(2)). */
const idMax = 2 ** 32 - 2;

/** Docker's resolver in a network that somebody made, as Compose does. */
const dockersResolver = '127.0.0.11';

/** The ports that are captured in any case: HTTP and HTTPS. */
const usualPorts: readonly number[] = [80, 443];

/** The rules that some flags and settings ask for, and what is to be said of them, one line each. */
export async function wantedRules(
  ids: OwnIds,
  settings: Settings,
  { servers }: Pick<ResolvConf, 'servers'> = readResolvConf(),
): Promise<{ readonly rules: Rules; readonly warnings: readonly string[] }> {
  const { offline, warnings } = await standingOff(settings);
  const { port: proxyPort, controlPort, dnsPort } = settings;
  // The kernel cannot be told of a port that is not known before magneto listens.
  if (proxyPort === 0)
    throw new Failure('OPTION_INVALID', 'nothing can be led to port 0: name one');
  const rules: Rules = {
    uid: uidIn(ids),
    gid: numberOf('gid', ids.gid ?? String(captureGid), idMax),
    proxyPort,
    controlPort,
    dnsPort: dnsPort === 0 || settings.redirectExcludePorts.includes(53) ? undefined : dnsPort,
    // Where nobody asks, nobody asks on: then there is no hole for it either.
    resolverAsksOn: !offline && !settings.seal && servers.includes(dockersResolver),
    ports: portsOf(settings),
    scope: {
      excludedPorts: settings.redirectExcludePorts,
      cidrs: settings.redirectCidrs,
      excludedCidrs: settings.redirectExcludeCidrs,
      uids: settings.redirectUids,
      excludedUids: settings.redirectExcludeUids,
    },
    gateway: settings.gateway,
    forwards: !offline && !settings.seal,
    udp: settings.udp !== 'auto' ? settings.udp : offline ? 'reject' : 'pass',
    sealed: settings.seal,
    backend: settings.iptables,
  };
  return { rules, warnings };
}

/** The user that the proxy runs as; whoever asks, where nobody is named. @throws Failure OPTION_INVALID */
export function uidIn({ uid }: Pick<OwnIds, 'uid'>): number {
  return numberOf('uid', uid ?? String(process.getuid?.() ?? 0), idMax);
}

function portsOf({ redirectPorts }: Settings): Rules['ports'] {
  return redirectPorts === 'all' ? 'all' : [...usualPorts, ...redirectPorts];
}

/**
 * Whether it is to be a replay, of every client, that never reaches the network. A cassette that root may
 * not read says nothing; then the run is taken for one that records, with a warning.
 */
async function standingOff(
  settings: Settings,
): Promise<{ readonly offline: boolean; readonly warnings: readonly string[] }> {
  const { cassetteDir, cassetteName, clients } = settings;
  // Where clients have cassettes of their own, the shared one may be nobody's, and not be there.
  const names = clients.length === 0 ? [cassetteName] : clients.map(({ cassette }) => cassette);
  const offlineAs = (name: string): Promise<boolean> =>
    staysOffline(settings, () => standingOf(cassetteDir, name));
  try {
    const all = await Promise.all([...new Set(names)].map(offlineAs));
    return { offline: all.every((one) => one), warnings: [] };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (settings.udp !== 'auto') return { offline: false, warnings: [] };
    const words = `UDP is let through, as the cassette cannot be looked at: ${failureLine(error)}`;
    return { offline: false, warnings: [words] };
  }
}
