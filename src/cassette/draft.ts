import type { Side } from '../exchange/conversation.ts';
import type {
  Interaction,
  RecordedMessage,
  RecordedResponse,
  StoredBody,
} from '../exchange/interaction.ts';
import { redactInteraction, redactMessage } from '../redaction/redaction.ts';
import { assemble, type Said } from './assemble.ts';
import type { BodyFile } from './body-file.ts';
import type { Draft, DraftEnd, DraftStart } from './cassette.ts';
import { draftFrame, fileFrame, interactionFrame, saidFrame } from './log-frames.ts';

/** What a draft needs of its take. */
export interface DraftPlace {
  /** Tells its frames from those of others. */
  readonly number: number;
  /** Bytes above which a body goes into a file of its own. */
  readonly bodyFileBytes: number;
  /** Writes frames to the log, after those of earlier calls; they are made only where it still takes any. */
  readonly write: (frames: () => readonly Buffer[]) => Promise<void>;
  /** A promise where whoever writes should wait for the log. */
  readonly room: () => Promise<void> | undefined;
  /** Asks to be flushed within some milliseconds. */
  readonly flushSoon: () => void;
  /** Makes the file of a body. */
  readonly makeBody: () => BodyFile;
  /** Gives a file that is whole the name of its digest. */
  readonly keepBody: (file: BodyFile, sha256: string) => Promise<void>;
  /** Writes an interaction of which nothing stands in the log. */
  readonly append: (interaction: Interaction) => Promise<void>;
}

/** Messages, and bytes of them, that are written together: a thousand small ones are not a thousand records. */
const batchMax = { messages: 100, bytes: 256 * 1024 } as const;

/**
 * An interaction on its way into the log. What ends at once is written as a whole; else its head is
 * written first, and then what is said, in batches. A body that becomes large goes into a file of its
 * own with its first byte; until then it is kept in memory, up to `bodyFileBytes` a side.
 */
export class LogDraft implements Draft {
  readonly #place: DraftPlace;
  readonly #start: DraftStart;
  #response: RecordedResponse | undefined;
  #headMs: number | undefined;
  #said: Said[] = [];
  #saidBytes = 0;
  #stands = false;
  #headStands = false;
  #over = false;
  readonly #kept = { client: newKept(), server: newKept() };
  readonly #files = new Map<Side, BodyFile>();

  constructor(place: DraftPlace, start: DraftStart) {
    this.#place = place;
    this.#start = start;
  }

  answered(response: RecordedResponse): void {
    this.#response = response;
    // The end has the exact time; this one is for the case that there is none.
    this.#headMs = Math.max(0, Date.now() - Date.parse(this.#start.startedAt));
    this.#headStands = false;
    this.#place.flushSoon();
  }

  add(message: RecordedMessage): Promise<void> | undefined {
    if (this.#over) return undefined;
    const { kind, bytes } = message;
    if (this.#start.kind === 'http' && kind === 'data') return this.#addBody(message);
    this.#push({ ...redactMessage(this.#start.kind, message), length: bytes.length });
    return this.#place.room();
  }

  /** Writes what was not written yet; a failure to write shows when it ends. */
  flush(): void {
    if (this.#over || (this.#headStands && this.#said.length === 0)) return;
    this.#write(this.#framesSoFar());
  }

  async finish(end: DraftEnd): Promise<void> {
    this.#over = true;
    const { request, response, ...rest } = { ...this.#answer(), ...end };
    const stored = {
      client: await this.#store('client', (request ?? this.#start.request).body),
      server: await this.#store('server', response?.body),
    };
    const whole: Interaction = {
      ...this.#start,
      ...rest,
      request: inFile(request ?? this.#start.request, stored.client),
      ...(response === undefined ? {} : { response: inFile(response, stored.server) }),
    };
    if (!this.#stands && this.#files.size === 0) {
      await this.#place.append(assemble(whole, this.#said));
      return;
    }
    const said = this.#saidFrames();
    await this.#place.write(() => [...said(), ...this.#endFrames(whole)]);
    for (const [side, file] of this.#files) {
      const { sha256 } = stored[side] ?? {};
      if (sha256 !== undefined) await this.#place.keepBody(file, sha256);
    }
  }

  /** Leaves it as it is, with its end or without one, and what it has open closed. */
  async leave(): Promise<void> {
    this.flush();
    this.#over = true;
    for (const file of this.#files.values()) await file.leave();
  }

  #addBody(message: RecordedMessage): Promise<void> | undefined {
    const { from, bytes } = message;
    const file = this.#files.get(from);
    if (file !== undefined) {
      this.#push({ ...message, bytes: nothing, length: bytes.length });
      return file.add(bytes);
    }
    this.#push({ ...message, length: bytes.length });
    const kept = this.#kept[from];
    kept.pieces.push(bytes);
    kept.bytes += bytes.length;
    if (kept.bytes <= this.#place.bodyFileBytes) return this.#place.room();
    return this.#spill(from, kept.pieces);
  }

  /** Moves the body of a side into a file, from its first byte on. */
  #spill(from: Side, pieces: readonly Buffer[]): Promise<void> | undefined {
    const file = this.#place.makeBody();
    this.#files.set(from, file);
    this.#kept[from] = newKept();
    // What is still to be written to the log need not hold the bytes as well.
    this.#said = this.#said.map((one) => {
      return one.from === from && one.kind === 'data' ? { ...one, bytes: nothing } : one;
    });
    const frames = this.#framesSoFar();
    this.#write(() => [...frames(), ...fileFrame(this.#place.number, { from, file: file.name })]);
    let room: Promise<void> | undefined;
    for (const piece of pieces) room = file.add(piece) ?? room;
    return room;
  }

  #push(said: Said): void {
    this.#said.push(said);
    this.#saidBytes += said.bytes.length;
    if (this.#said.length >= batchMax.messages || this.#saidBytes >= batchMax.bytes) this.flush();
    else this.#place.flushSoon();
  }

  #write(frames: () => readonly Buffer[]): void {
    // Whoever ends the draft is told; until then the take tells of it.
    this.#place.write(frames).catch(() => undefined);
  }

  #framesSoFar(): () => readonly Buffer[] {
    const head = this.#headStands ? undefined : this.#unended();
    this.#stands = true;
    this.#headStands = true;
    const said = this.#saidFrames();
    const { number } = this.#place;
    return () => [...(head === undefined ? [] : draftFrame(number, head)), ...said()];
  }

  #saidFrames(): () => readonly Buffer[] {
    const said = this.#said;
    [this.#said, this.#saidBytes] = [[], 0];
    return () => (said.length === 0 ? [] : saidFrame(this.#place.number, said));
  }

  /** What it is should magneto be killed now: cut by the server, so that a replay cuts it there. */
  #unended(): Interaction {
    const headMs = this.#response === undefined ? undefined : this.#headMs;
    const { body, ...request } = this.#start.request;
    return redactInteraction({
      ...this.#start,
      ...this.#answer(),
      // A large one is written once, at the end.
      ...(body !== undefined && this.#isLarge(body)
        ? { request: { ...request, partial: true } }
        : {}),
      timing: { ...(headMs === undefined ? {} : { headMs }), endMs: headMs ?? 0 },
      ending: { type: 'cut', by: 'server' },
      truncated: 'killed',
    });
  }

  #isLarge(body: Buffer): boolean {
    return body.length > this.#place.bodyFileBytes;
  }

  #answer(): { readonly response?: RecordedResponse } {
    return this.#response === undefined ? {} : { response: this.#response };
  }

  #endFrames(whole: Interaction): readonly Buffer[] {
    const { number } = this.#place;
    const files = [...this.#files].flatMap(([from, file]) => {
      return fileFrame(number, { from, file: file.name });
    });
    return [...files, ...interactionFrame(redactInteraction(whole), number)];
  }

  /** The body of a side, where it is in a file: what was said of it, or one that came as a whole and is large. */
  async #store(side: Side, whole: Buffer | undefined): Promise<StoredBody | undefined> {
    if (whole !== undefined) {
      await this.#files.get(side)?.leave();
      this.#files.delete(side);
      if (!this.#isLarge(whole)) return undefined;
      this.#files.set(side, this.#place.makeBody());
      await this.#files.get(side)?.add(whole);
    }
    const file = this.#files.get(side);
    return file === undefined ? undefined : { ...(await file.finish()), read: unread };
  }
}

const nothing = Buffer.alloc(0);

function newKept(): { pieces: Buffer[]; bytes: number } {
  return { pieces: [], bytes: 0 };
}

/** A request or response whose body is in a file, where it is. */
function inFile<Message extends { readonly body?: Buffer; readonly stored?: StoredBody }>(
  message: Message,
  stored: StoredBody | undefined,
): Message {
  if (stored === undefined) return message;
  const { body: _, ...rest } = message;
  return { ...rest, stored } as Message;
}

/** What is written is read by nobody before it is in a cassette. */
function unread(): never {
  throw new Error('a body that is being written is not read');
}
