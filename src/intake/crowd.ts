import type { Socket } from 'node:net';
import { Failure } from '../exchange/failure.ts';
import { descriptorOf, filesKept } from '../support/open-files.ts';
import { farewell, problemBytes } from './farewell.ts';

/** How many clients there may be at a time. */
export interface CrowdOptions {
  readonly connectionsMax: number;
  /** Files and sockets that this process may have open; nothing where that is not known. */
  readonly filesMax: number | undefined;
  /** Why nobody is to be let in while memory is nearly used up. */
  readonly memoryLow?: () => Failure | undefined;
  /** Told of each connection that is turned away. */
  readonly onCrowded: (failure: Failure) => void;
}

/** Turns away those who are too many, before the system does: that would do it without a word. */
export interface Crowd {
  /** Whether a connection may come in beside those that are open; else it is being turned away. */
  readonly admits: (socket: Socket, open: number, isCaptured: boolean) => boolean;
}

/** Clients that are told why at a time; the others are reset, so that a flood of them costs nothing. */
const toldMax = 32;

/** Makes the gate. */
export function createCrowd(options: CrowdOptions): Crowd {
  const { connectionsMax, filesMax, memoryLow, onCrowded } = options;
  // The kernel gives the lowest descriptor that is free: a high one says that few are left.
  const lastFree =
    filesMax === undefined ? Number.POSITIVE_INFINITY : filesMax - filesKept(filesMax);
  let told = 0;
  const turnAway = (socket: Socket, failure: Failure, isCaptured: boolean): void => {
    onCrowded(failure);
    // Who was captured knows of no proxy that could speak to it.
    if (isCaptured || told >= toldMax) {
      socket.on('error', () => {});
      socket.resetAndDestroy();
      return;
    }
    told += 1;
    socket.once('close', () => {
      told -= 1;
    });
    farewell(socket, problemBytes(failure));
  };
  return {
    admits(socket, open, isCaptured) {
      const words = crowded(open, descriptorOf(socket) ?? 0);
      const failure =
        words === undefined ? memoryLow?.() : new Failure('TOO_MANY_CONNECTIONS', words);
      if (failure !== undefined) turnAway(socket, failure, isCaptured);
      return failure === undefined;
    },
  };

  function crowded(open: number, descriptor: number): string | undefined {
    if (open >= connectionsMax) return `${open} connections are open, and no more may be`;
    if (descriptor < lastFree) return undefined;
    return `of ${filesMax} files and sockets that magneto may have open hardly any are left (${open} connections are open)`;
  }
}
