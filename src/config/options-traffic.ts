import type { Option } from './option.ts';
import * as values from './values.ts';

/** How what clients and servers say is passed on, kept and played. */
export const trafficOptions = {
  latency: {
    env: 'MAGNETO_LATENCY',
    takes: 'none | recorded | fixed:MILLISECONDS | scaled:PERCENT',
    default: 'none',
    doc: 'How long replayed answers and messages take.',
    reason: 'Tests want answers at once; demonstrations and time-out tests want them as they were.',
    parse: values.latency,
    words: ['none', 'recorded', 'fixed:', 'scaled:'],
  },
  bodyBytesMax: {
    env: 'MAGNETO_BODY_BYTES_MAX',
    takes: 'a whole number of bytes, at least 1',
    default: '134217728',
    doc: 'The largest body that an interaction may have. Larger ones pass through, but are not recorded whole.',
    reason:
      'A download must not fill the memory of the machine; 128 MiB is more than an API answers.',
    parse: values.whole(1, Number.MAX_SAFE_INTEGER),
  },
} as const satisfies Record<string, Option<unknown>>;
