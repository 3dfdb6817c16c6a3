import { captureGid, everything } from '../../src/capture/rules.ts';
import type { Rules } from '../../src/capture/rules.ts';

/** What is captured without a setting. */
export const usual: Rules = {
  uid: 1000,
  gid: captureGid,
  proxyPort: 8888,
  controlPort: 8889,
  dnsPort: 8853,
  resolverAsksOn: false,
  ports: [443, 80],
  scope: everything,
  gateway: false,
  forwards: true,
  udp: 'pass',
  sealed: false,
  backend: 'auto',
};

const scope = {
  excludedPorts: [5432, 443],
  cidrs: ['10.0.0.0/8', '192.0.2.7', 'fd00::/8'],
  excludedCidrs: ['10.9.0.0/16', 'fd00:9::/32', '169.254.169.254'],
  uids: ['1000', '2000-2999'],
  excludedUids: ['33', '2500'],
};

/** Rules of each topology, by the name of their golden file. */
export const examples: Readonly<Record<string, Rules>> = {
  sidecar: usual,
  'sidecar-all': { ...usual, ports: 'all', udp: 'reject' },
  'sidecar-many-ports': {
    ...usual,
    ports: Array.from({ length: 17 }, (_, index) => 9000 + index),
    dnsPort: undefined,
    udp: 'reject',
  },
  'sidecar-scope': { ...usual, scope, udp: 'reject' },
  'sidecar-sealed': { ...usual, sealed: true, udp: 'reject' },
  gateway: { ...usual, gateway: true },
  'gateway-all': {
    ...usual,
    gateway: true,
    forwards: false,
    ports: 'all',
    udp: 'reject',
    sealed: true,
  },
  'gateway-offline': { ...usual, gateway: true, forwards: false, udp: 'reject' },
  'gateway-scope': { ...usual, gateway: true, scope },
};
