import { expect, test } from '@jest/globals';
import { rowsStatus, rowsText } from '../../src/cli/doctor-row.ts';

const rows = [
  { layer: 'route', status: 'ok', words: 'there' },
  { layer: 'trust: x', status: 'warn', words: 'no trust', add: 'X=/trust/ca.pem' },
  { layer: 'rules', status: 'unknown', words: 'root only' },
] as const;

test('rows are aligned, with the line to add below', () => {
  expect(rowsText(rows)).toBe(`  ok      route     there
  warn    trust: x  no trust
                    add: X=/trust/ca.pem
  unknown rules     root only

1 ok, 1 to look at, 0 failing, 1 unknown
`);
});

test('only what fails fails', () => {
  expect(rowsStatus(rows)).toBe(0);
  expect(rowsStatus([...rows, { layer: 'x', status: 'fail', words: '' }])).toBe(1);
});
