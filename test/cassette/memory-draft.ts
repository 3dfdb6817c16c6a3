import { assemble, type Said } from '../../src/cassette/assemble.ts';
import type { Draft, DraftStart } from '../../src/cassette/cassette.ts';
import type { Interaction, RecordedResponse } from '../../src/exchange/interaction.ts';

/** A draft that is kept in memory, and appended as a whole. */
export function createDraft(
  start: DraftStart,
  append: (interaction: Interaction) => Promise<void>,
): Draft {
  const said: Said[] = [];
  let answered: RecordedResponse | undefined;
  return {
    answered: (response) => void (answered = response),
    add: (message) => {
      said.push({ ...message, length: message.bytes.length });
      return undefined;
    },
    finish: (end) => {
      const response = answered === undefined ? {} : { response: answered };
      return append(assemble({ ...start, ...response, ...end }, said));
    },
  };
}
