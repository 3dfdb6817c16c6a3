import { createHash, randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { FsyncPolicy } from './cassette.ts';
import type { Disk, OpenFile } from './disk.ts';
import { partSuffix } from './file-name.ts';

/** Bytes of a body that may wait for the disk before its writer is told to wait as well. */
export const waitingBytesMax = 4 * 1024 * 1024;

/** So much is written between two syncs, so that the last one does not take long. */
const unsyncedBytesMax = 16 * 1024 * 1024;

/** Where a body is written, and who hears of the first write that fails. */
export interface BodyTarget {
  readonly disk: Disk;
  /** The folder of bodies; made when it is needed. */
  readonly folder: string;
  readonly fsync: FsyncPolicy;
  readonly onFailure: (path: string, error: unknown) => void;
}

/**
 * A body on its way into a file of its own, piece by piece, its digest computed as it comes. What is
 * asked for while a write is in flight goes into the next.
 */
export class BodyFile {
  /** What it is called until its digest is known. */
  readonly name: string = randomUUID() + partSuffix;
  readonly #target: BodyTarget;
  readonly #path: string;
  readonly #digest = createHash('sha256');
  #bytes = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #position = 0;
  #unsynced = 0;
  #file: OpenFile | undefined;
  #writing: Promise<void> | undefined;
  #room: PromiseWithResolvers<void> | undefined;
  #error: Error | undefined;

  constructor(target: BodyTarget) {
    this.#target = target;
    this.#path = join(target.folder, this.name);
  }

  /** Takes a piece; a promise where whoever writes should wait until there is room. */
  add(piece: Buffer): Promise<void> | undefined {
    this.#digest.update(piece);
    this.#bytes += piece.length;
    if (this.#error !== undefined) return undefined;
    this.#waiting.push(piece);
    this.#waitingBytes += piece.length;
    this.#writing ??= this.#drain();
    if (this.#waitingBytes <= waitingBytesMax) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Waits until all is written, synced unless the policy is `never`, and closes the file. @throws what the disk said */
  async finish(): Promise<{ readonly sha256: string; readonly bytes: number }> {
    await this.#writing;
    const { fsync, disk, folder } = this.#target;
    try {
      if (this.#error === undefined && fsync !== 'never') await this.#file?.sync();
      // The name must not be lost where the log says that the body is there.
      if (this.#error === undefined && fsync === 'always') await disk.syncFolder(folder);
    } catch (error) {
      this.#fail(error);
    }
    await this.leave();
    if (this.#error !== undefined) throw this.#error;
    return { sha256: this.#digest.digest('hex'), bytes: this.#bytes };
  }

  /** Waits until all is written, and closes the file as it is. */
  async leave(): Promise<void> {
    await this.#writing;
    const file = this.#file;
    this.#file = undefined;
    await file?.close().catch((error: unknown) => this.#fail(error));
  }

  async #drain(): Promise<void> {
    try {
      this.#file ??= await this.#make();
      while (this.#waiting.length > 0) await this.#writeAll(this.#file, this.#waiting.splice(0));
    } catch (error) {
      this.#fail(error);
    }
    this.#writing = undefined;
  }

  async #make(): Promise<OpenFile> {
    const { disk, folder, fsync } = this.#target;
    const made = await disk.makeFolder(folder);
    if (made !== undefined && fsync !== 'never') await disk.syncFolder(dirname(made));
    return disk.open(this.#path, 'make');
  }

  async #writeAll(file: OpenFile, pieces: readonly Buffer[]): Promise<void> {
    await file.write(this.#position, pieces);
    const written = pieces.reduce((sum, piece) => sum + piece.length, 0);
    this.#position += written;
    this.#unsynced += written;
    this.#waitingBytes -= written;
    if (this.#target.fsync !== 'never' && this.#unsynced > unsyncedBytesMax) {
      await file.sync();
      this.#unsynced = 0;
    }
    this.#makeRoom();
  }

  #makeRoom(): void {
    if (this.#waitingBytes > waitingBytesMax) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  #fail(error: unknown): void {
    if (this.#error === undefined) this.#target.onFailure(this.#path, error);
    this.#error ??= error instanceof Error ? error : new Error(String(error));
    [this.#waiting, this.#waitingBytes] = [[], 0];
    this.#makeRoom();
  }
}
