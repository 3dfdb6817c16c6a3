import type { Side } from '../exchange/conversation.ts';
import type { LogRecord } from './log-record.ts';

/** Where a payload stands in a log. */
export interface Piece {
  readonly at: number;
  readonly length: number;
}

/** Where an interaction stands in a log, and its place in the order of replay. */
export interface LogEntry extends Piece {
  /** Which `begin` it came after; each run counts its sequences anew. */
  readonly run: number;
  readonly sequence: number;
  readonly id: string;
  /** Whether it has something that readers of version 2.0 do not know. */
  readonly newer: boolean;
  /** Absent where all of it stands at its place. */
  readonly draft?: DraftPieces;
}

/** What stands elsewhere of an interaction that was written as it went on. */
export interface DraftPieces {
  readonly said: readonly Piece[];
  /** In which file the body of a side was written. */
  readonly files: Readonly<Partial<Record<Side, string>>>;
  /** Whether nobody ended it. */
  readonly killed: boolean;
}

interface OpenDraft {
  head: (Piece & Pick<LogEntry, 'sequence' | 'id'>) | undefined;
  answered: boolean;
  readonly said: Piece[];
  readonly files: Partial<Record<Side, string>>;
}

/** Puts together which frames of a log belong to which interaction. */
export class DraftIndex {
  #open = new Map<number, OpenDraft>();
  #run = -1;
  readonly entries: LogEntry[] = [];
  /** Names of files that are told of, whatever they are for. */
  readonly files = new Set<string>();
  /** Interactions that nobody ended: those that are entries all the same, and those that had no answer yet. */
  killed = 0;
  unanswered = 0;

  /** Takes the next record. */
  add(record: LogRecord, place: Piece): void {
    switch (record.type) {
      case 'begin':
        this.closeAll();
        this.#run += 1;
        return;
      case 'interaction':
        this.#end(record, place);
        return;
      case 'draft':
        this.#of(record.draft).head = { ...place, sequence: record.sequence, id: record.id };
        this.#of(record.draft).answered ||= record.answered;
        return;
      case 'said':
        this.#of(record.draft).said.push(place);
        this.#of(record.draft).answered ||= record.answers;
        return;
      case 'file':
        this.#of(record.draft).files[record.from] = record.file;
        this.files.add(record.file);
        return;
      case 'end':
        this.closeAll();
    }
  }

  /** Ends the interactions that nobody ended. Of one that had no answer yet there is nothing to replay. */
  closeAll(): void {
    for (const { head, answered, said, files } of this.#open.values()) {
      if (head === undefined || !answered) {
        this.unanswered += 1;
        continue;
      }
      this.killed += 1;
      const draft = { said, files, killed: true };
      this.entries.push({ ...head, run: this.#run, newer: true, draft });
    }
    this.#open = new Map();
  }

  #end(record: LogRecord & { readonly type: 'interaction' }, { at, length }: Piece): void {
    const { sequence, id, newer, draft: number } = record;
    for (const file of record.files) this.files.add(file);
    const entry = { at, length, run: this.#run, sequence, id, newer };
    if (number === undefined) {
      this.entries.push(entry);
      return;
    }
    const { said, files } = this.#of(number);
    this.#open.delete(number);
    this.entries.push({ ...entry, draft: { said, files, killed: false } });
  }

  #of(number: number): OpenDraft {
    const known = this.#open.get(number);
    if (known !== undefined) return known;
    const draft: OpenDraft = { head: undefined, answered: false, said: [], files: {} };
    this.#open.set(number, draft);
    return draft;
  }
}
