import { pino } from 'pino';

/** A log whose lines can be read. */
export function logging() {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void =>
    void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { lines, log: pino({ level: 'debug', base: null }, { write }) };
}
