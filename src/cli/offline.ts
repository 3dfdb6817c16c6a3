import type { Applied } from '../capture/capture.ts';
import { makeRoutes } from '../capture/capture.ts';
import { standingOf } from '../cassette/cassette.ts';
import type { Settings } from '../config/config.ts';
import { Failure } from '../exchange/failure.ts';
import { willReplay } from '../mode/mode.ts';

/**
 * Sees to it that a replay is reached where there is no network; gives the line to say, if anything
 * was done. Whatever records is left alone: without a network there is nothing to record, and the
 * application is to meet that as it is.
 */
export async function goOffline(
  applied: Applied,
  settings: Pick<Settings, 'mode' | 'cassetteDir' | 'cassetteName'>,
  route = makeRoutes,
): Promise<{ readonly offline?: string }> {
  if (!(await replays(settings))) return {};
  const families = applied.ipv6 === 'captured' ? (['v4', 'v6'] as const) : (['v4'] as const);
  const states = await route(families, { backend: applied.backend });
  const made = families.filter((family) => states[family] === 'made');
  if (made.length === 0) return {};
  const names = made.map((family) => (family === 'v4' ? 'IPv4' : 'IPv6')).join(' and ');
  return {
    offline: `no route to the outside over ${names}: connections are led here over loopback`,
  };
}

/** A folder that root may not look into is there, and will hold what is to be replayed. */
async function replays(settings: Parameters<typeof goOffline>[1]): Promise<boolean> {
  const look = () => standingOf(settings.cassetteDir, settings.cassetteName);
  try {
    return await willReplay(settings, look);
  } catch (error) {
    if (error instanceof Failure) return true;
    throw error;
  }
}
