import type { Interaction } from '../exchange/interaction.ts';
import type { Cue, Line } from './stream-script.ts';

/** Lets go of lines in their order, as soon as what came before them has come. */
export interface Prompter {
  /** The lines that are due when so much of what the client says has come; each is given once. */
  readonly due: (come: number) => readonly Line[];
}

/** Makes a prompter of cues in their order. */
export function createPrompter(cues: readonly Cue[]): Prompter {
  let next = 0;
  return {
    due(come) {
      const from = next;
      while ((cues[next]?.after ?? Number.POSITIVE_INFINITY) <= come) next += 1;
      return cues.slice(from, next).map(({ line }) => line);
    },
  };
}

/**
 * The end of a server's side that no message tells of: it broke off, or the recording did. A client
 * that left ends it itself.
 */
export function cueOfEnding(interaction: Interaction, after: number): readonly Cue[] {
  const { ending, truncated, messages = [], timing } = interaction;
  if (messages.some(({ from, kind }) => from === 'server' && kind === 'end')) return [];
  const byClient = 'by' in ending && ending.by === 'client';
  if (byClient && truncated === undefined) return [];
  const delayMs = Math.max(0, timing.endMs - (messages.at(-1)?.atMs ?? 0));
  return [{ after, line: { atMs: timing.endMs, delayMs, bytes: undefined } }];
}
