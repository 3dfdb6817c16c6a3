import { openLibrary } from './cassette/cassette.ts';
import type { Session } from './exchange/arrival.ts';
import type { Ground } from './groundwork.ts';
import type { OpenSession } from './mode/mode.ts';
import { openSession } from './mode/mode.ts';
import { liveNames } from './outgoing.ts';

/** Opens the session that all clients share; whether IPv6 is captured shows when intake listens. */
export async function openRun(ground: Ground, capturesIpv6: () => boolean): Promise<OpenSession> {
  const { settings, log, journal, network, report, metrics } = ground;
  const library = openLibrary({
    directory: settings.cassetteDir,
    format: settings.cassetteFormat,
    fsync: settings.fsync,
    resumes: settings.resume,
    warn: (line) => log.warn(line),
    onWrite: metrics.onWrite,
  });
  journal.subscribe((entry) => log.info(entry, 'exchange'));
  const names = liveNames(settings);
  return openSession({
    mode: settings.mode,
    onMiss: settings.onMiss,
    cassette: settings.cassetteName,
    library,
    network,
    ...(names && { names: { ...names, ipv6: capturesIpv6, onMiss: settings.dnsMiss } }),
    journal,
    latency: settings.latency,
    bodyBytesMax: settings.bodyBytesMax,
    cutUnwritten: settings.fsync === 'always',
    ci: settings.ci,
    sealed: settings.seal,
    waits: settings.cassetteWait,
    onFailure: report,
  });
}

/** What clients of a session are answered by: its mode, and beside it the live neighbours. */
export function besideLive({ live, journal }: Ground, session: OpenSession): Session {
  return live === undefined ? session : live.beside(session, journal);
}
