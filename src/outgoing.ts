import { hostname } from 'node:os';
import type { Settings } from './config/config.ts';
import type { LiveNames } from './mode/mode.ts';
import type { NetworkOptions } from './network/network.ts';
import { createResolver, readResolvConf } from './network/network.ts';
import { isOwnAddress } from './support/interfaces.ts';
import type { UpstreamFiles } from './upstream-files.ts';

/** How the network is reached under some settings. */
export function networkOptions(settings: Settings, files: UpstreamFiles): NetworkOptions {
  const { upstreamInsecureHosts, upstreamProxy, upstreamNoProxy, gateway } = settings;
  return {
    upstreamCa: files.upstreamCa,
    clientCertificates: files.clientCertificates,
    insecureHosts: upstreamInsecureHosts,
    legacyHosts: settings.upstreamLegacyTlsHosts,
    http2: settings.http2,
    ...(gateway && { leadsBack: isOwnAddress }),
    ...(upstreamProxy === undefined
      ? {}
      : { upstreamProxy: { ...upstreamProxy, noProxy: upstreamNoProxy } }),
  };
}

/** How names are resolved here, where they are captured. */
export function liveNames({
  transparent,
}: Settings): Pick<LiveNames, 'resolver' | 'search' | 'ownName'> | undefined {
  if (!transparent) return undefined;
  const { servers, search } = readResolvConf();
  return { resolver: createResolver({ servers }), search, ownName: hostname() };
}
