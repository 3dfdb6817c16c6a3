import { performance } from 'node:perf_hooks';
import { Failure } from '../exchange/failure.ts';
import { errorCode } from '../support/system-error.ts';
import type { LibraryOptions } from './cassette.ts';
import type { OpenFile } from './disk.ts';

/** Under `interval`, what was written is on the disk this many milliseconds later at most. */
const intervalMs = 100;

/** Bytes that may wait to be written before those who can wait are told to. */
const queueBytesMax = 8 * 1024 * 1024;

/** A group of appends is written at once; a larger group gains nothing. */
const groupBytesMax = 16 * 1024 * 1024;

interface Waiting {
  readonly pieces: readonly Buffer[];
  readonly resolve: () => void;
  readonly reject: (failure: Failure) => void;
}

/** The file that is appended to, where it is sound up to, and how. */
export interface LogTarget {
  readonly path: string;
  readonly file: OpenFile;
  readonly position: number;
  readonly options: Pick<LibraryOptions, 'fsync' | 'onWrite'>;
}

/**
 * Appends frames to a log. One write is in flight; what is asked for meanwhile goes into the next.
 * The first write that fails ends it: the log is cut back to the last sound frame, and all that
 * was not yet acknowledged is refused, as is everything after.
 */
export class LogWriter {
  readonly #target: LogTarget;
  #position: number;
  #queue: Waiting[] = [];
  #queueBytes = 0;
  #room: PromiseWithResolvers<void> | undefined;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #syncing: Promise<void> = Promise.resolve();
  #failure: Failure | undefined;

  constructor(target: LogTarget) {
    this.#target = target;
    this.#position = target.position;
  }

  /** The first write or sync that failed. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Resolves when the frame stands in the log, and is synced under `always`. @throws Failure RECORDING_FAILED */
  append(pieces: readonly Buffer[]): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#queue.push({ pieces, resolve, reject });
      this.#queueBytes += lengthOf(pieces);
      this.#writing ??= this.#drain();
    });
  }

  /** A promise for when less waits to be written, where much does. */
  room(): Promise<void> | undefined {
    if (this.#queueBytes <= queueBytesMax) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Waits for what was appended, syncs unless the policy is `never`, and closes the file. @throws Failure RECORDING_FAILED */
  async close(): Promise<void> {
    await this.#writing;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#syncing;
    if (this.#failure === undefined && this.#target.options.fsync !== 'never') await this.#sync();
    try {
      await this.#target.file.close();
    } catch (error) {
      this.#fail(error);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const group = this.#nextGroup();
      const started = performance.now();
      const failure = await this.#write(group);
      this.#target.options.onWrite?.(performance.now() - started, failure !== undefined);
      for (const { pieces, resolve, reject } of group) {
        this.#queueBytes -= lengthOf(pieces);
        if (failure === undefined) resolve();
        else reject(failure);
      }
      this.#makeRoom();
    }
    this.#writing = undefined;
  }

  #makeRoom(): void {
    if (this.#queueBytes > queueBytesMax) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  #nextGroup(): readonly Waiting[] {
    let bytes = 0;
    const end = this.#queue.findIndex(({ pieces }) => {
      bytes += lengthOf(pieces);
      return bytes > groupBytesMax;
    });
    return this.#queue.splice(0, end === -1 ? this.#queue.length : Math.max(1, end));
  }

  async #write(group: readonly Waiting[]): Promise<Failure | undefined> {
    if (this.#failure !== undefined) return this.#failure;
    const { file, options } = this.#target;
    const pieces = group.flatMap((waiting) => waiting.pieces);
    try {
      await file.write(this.#position, pieces);
      if (options.fsync === 'always') await file.sync();
    } catch (error) {
      const failure = this.#fail(error);
      // A torn tail is harmless when it is read; where it can be cut off, nobody has to be warned.
      await file.truncate(this.#position).catch(() => undefined);
      return failure;
    }
    this.#position += lengthOf(pieces);
    if (options.fsync === 'interval') this.#syncSoon();
    return undefined;
  }

  #syncSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#syncing = this.#sync();
    }, intervalMs).unref();
  }

  async #sync(): Promise<void> {
    try {
      await this.#target.file.sync();
    } catch (error) {
      this.#fail(error);
      this.#target.options.onWrite?.(0, true);
    }
  }

  #fail(error: unknown): Failure {
    const words = `${this.#target.path}: ${errorCode(error) ?? String(error)}`;
    this.#failure ??= new Failure('RECORDING_FAILED', words, { cause: error });
    return this.#failure;
  }
}

function lengthOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}
