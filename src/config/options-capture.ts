import type { Option } from './option.ts';
import * as values from './values.ts';
import { descriptorPair, liveHosts } from './values-run.ts';

/** What the kernel leads to magneto. */
export const captureOptions = {
  transparent: {
    env: 'MAGNETO_TRANSPARENT',
    takes: 'true | false',
    default: 'false',
    doc: 'Whether connections that the kernel redirects are taken in, as `magneto rules apply` has it; also answers questions for names. Explicit clients are served as ever. Linux only.',
    reason:
      'Needs rules in the kernel, which the transparent image applies; without them it does nothing.',
    parse: values.truth,
    words: ['true', 'false'],
  },
  redirectPorts: {
    env: 'MAGNETO_REDIRECT_PORTS',
    takes: 'ports from 1 to 65535, comma-separated',
    default: '',
    doc: 'Ports of servers to capture beside 80 and 443. Read by `magneto rules`, and only where connections are captured.',
    reason: 'Servers of a test rarely listen on 80 and 443; a database should not be captured.',
    parse: values.ports,
  },
  dnsPort: {
    env: 'MAGNETO_DNS_PORT',
    takes: '0 to 65535; 0 is any free port',
    default: '8853',
    doc: 'The port, on loopback, where captured questions for names are answered (UDP and TCP). Only where `MAGNETO_TRANSPARENT` is on.',
    reason:
      'A replay has to answer for names as well: a client that cannot resolve one never connects.',
    parse: values.whole(0, 65_535),
  },
  live: {
    env: 'MAGNETO_LIVE',
    takes:
      'hosts, `*.example.org`, IP addresses and CIDR ranges, each with `:port` or without, comma-separated',
    default: '',
    doc: 'Neighbours that stay real in every mode: resolved live, passed on untouched, never recorded, never replayed, and listed in the receipt.',
    reason:
      'A database beside the application is part of the test and no part of the recording; in a replay these are all that can be reached.',
    parse: liveHosts,
  },
  counters: {
    env: 'MAGNETO_COUNTERS',
    takes: 'two file descriptors, such as `8,9`',
    default: '',
    doc: 'Where the counters of the kernel rules are asked for: a line on the first descriptor is answered with a line of JSON on the second.',
    reason:
      'Set by the transparent image: only root may read the rules, and the receipt says what they saw.',
    parse: descriptorPair,
  },
} as const satisfies Record<string, Option<unknown>>;
