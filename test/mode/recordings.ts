import type { Recording } from '../../src/cassette/cassette.ts';
import { createRecording } from '../../src/cassette/recording.ts';
import type { Interaction } from '../../src/exchange/interaction.ts';

/** A recording in memory, its interactions in the order given. */
export function recordingOf(...interactions: readonly Interaction[]): Recording {
  return createRecording({
    name: 'c',
    file: 'c.json',
    digest: 'd',
    unfinished: false,
    interactions: interactions.map((one, sequence) => ({ ...one, id: `i${sequence}`, sequence })),
  });
}
