/** How a layer is: `unknown` where it could not be looked at. */
export type RowStatus = 'ok' | 'warn' | 'fail' | 'unknown';

/** What was found of one layer. */
export interface Row {
  readonly layer: string;
  readonly status: RowStatus;
  /** What works, or does not. */
  readonly words: string;
  /** The line to add, where something is to be done. */
  readonly add?: string;
}

/** The rows for people, the line to add below each that needs one. */
export function rowsText(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ layer }) => layer.length));
  const lines = rows.flatMap(({ layer, status, words, add }) => [
    `  ${status.padEnd(8)}${layer.padEnd(width)}  ${words}`,
    ...(add === undefined ? [] : [`  ${' '.repeat(8 + width)}  add: ${add}`]),
  ]);
  return `${lines.join('\n')}\n\n${summary(rows)}\n`;
}

/** 1 where a layer fails, else 0: what is only advice, or could not be looked at, fails nothing. */
export function rowsStatus(rows: readonly Row[]): 0 | 1 {
  return rows.some(({ status }) => status === 'fail') ? 1 : 0;
}

function summary(rows: readonly Row[]): string {
  const count = (wanted: RowStatus): number =>
    rows.filter(({ status }) => status === wanted).length;
  return `${count('ok')} ok, ${count('warn')} to look at, ${count('fail')} failing, ${count('unknown')} unknown`;
}
