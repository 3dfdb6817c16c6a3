import type { Settings } from './config/config.ts';
import type { LiveNames } from './mode/mode.ts';
import type { NetworkOptions } from './network/network.ts';
import { createResolver, readResolvConf } from './network/network.ts';

/** How the network is reached under some settings. */
export function networkOptions(settings: Settings): NetworkOptions {
  const { upstreamCa, upstreamInsecureHosts, upstreamProxy, upstreamNoProxy } = settings;
  return {
    upstreamCa,
    insecureHosts: upstreamInsecureHosts,
    ...(upstreamProxy === undefined
      ? {}
      : { upstreamProxy: { ...upstreamProxy, noProxy: upstreamNoProxy } }),
  };
}

/** What a session answers for names with, where they are captured. */
export function liveNames(
  { transparent, dnsMiss }: Settings,
  ipv6: LiveNames['ipv6'],
): LiveNames | undefined {
  if (!transparent) return undefined;
  const { servers, search } = readResolvConf();
  return { resolver: createResolver({ servers }), search, ipv6, onMiss: dnsMiss };
}
