import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

/** What a run needs to say something: people read `stderr`, programs `stdout`; the log has a way of its own. */
export interface Streams {
  readonly stdout: Writer;
  readonly stderr: Writer;
  readonly log: DestinationStream;
}

/** The one thing asked of a stream here. */
export interface Writer {
  readonly write: (text: string) => unknown;
}

/** The log: a line of JSON an event, the time as ISO 8601 and the level as a word. */
export function createLog(level: string, destination: DestinationStream): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}

/**
 * A file descriptor for the log. It is written synchronously: the last line before a crash is the
 * one that matters. When nobody reads any longer (EPIPE), the log falls silent, and all else goes on.
 */
export function logTo(fileDescriptor: number): DestinationStream {
  const file = pino.destination({ dest: fileDescriptor, sync: true });
  let open = true;
  file.on('error', () => {
    open = false;
  });
  return {
    write: (line) => {
      if (open) file.write(line);
    },
  };
}
