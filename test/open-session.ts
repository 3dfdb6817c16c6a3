import type { OpenSession } from '../src/mode/mode.ts';
import { answer, upstreamOf } from './mode/harness.ts';

/** A session that replays a small cassette, but for what is said otherwise. */
export function openSession(changes: Partial<OpenSession> = {}): OpenSession {
  return {
    name: 'c',
    upstream: upstreamOf(() => answer()),
    acts: 'replay',
    records: false,
    strict: true,
    loaded: 3,
    file: '/x/c.json',
    digest: 'abc',
    unused: () => 2,
    unfinished: () => true,
    interactions: () => 3,
    failure: () => undefined,
    close: () => Promise.resolve(),
    discard: () => Promise.resolve(),
    ...changes,
  };
}
