import { EventEmitter } from 'node:events';
import type { ProcessEdge } from '../../src/cli/signals.ts';

/** A process that only remembers how it was ended. */
export class FakeProcess extends EventEmitter implements ProcessEdge {
  readonly exits: number[] = [];

  readonly exit = (status: number): void => {
    this.exits.push(status);
  };
}

/** A stream that keeps what it was told. */
export function keeper(): { readonly write: (text: string) => void; readonly text: () => string } {
  let kept = '';
  return {
    write: (text) => {
      kept += text;
    },
    text: () => kept,
  };
}
