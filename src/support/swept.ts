import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** After so many bytes of large bodies their buffers are swept. */
const sweptBytes = 8 * 1024 * 1024;

/** Pieces below this many bytes leave as many objects behind as bytes; the engine sees to those itself. */
const largeBytes = 16 * 1024;

let passed = 0;
let sweep: (() => void) | undefined;

/**
 * Says that a piece of a body has passed. V8 knows little of the bytes behind its buffers: a bulk
 * transfer piles up nearly 100 MiB of dead ones before it looks. A look at the youngest objects alone,
 * less than a millisecond each, keeps that to a few.
 */
export function passedBy(bytes: number): void {
  if (bytes < largeBytes) return;
  passed += bytes;
  if (passed < sweptBytes) return;
  passed = 0;
  sweep ??= sweeper();
  sweep();
}

function sweeper(): () => void {
  // The collector is there for whoever asks, but its name is not, unless with this flag.
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  return typeof collect === 'function'
    ? () => void Reflect.apply(collect, undefined, [{ type: 'minor' }])
    : () => {};
}
