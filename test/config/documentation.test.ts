import { describe, expect, test } from '@jest/globals';
import { aliases } from '../../src/config/aliases.ts';
import { configurationPage } from '../../src/config/documentation.ts';
import { optionNames, options } from '../../src/config/options.ts';

describe('the configuration page', () => {
  const lines = configurationPage().split('\n');

  test.each(optionNames)('has a row for %s', (name) => {
    const rows = lines.filter((line) => line.startsWith(`| \`${options[name].env}\` |`));
    expect(rows).toHaveLength(1);
    expect(rows[0]).toContain(options[name].doc);
  });

  test('has a row for each alias', () => {
    for (const { env } of aliases) {
      expect(lines.filter((line) => line.startsWith(`| \`${env}\` |`))).toHaveLength(1);
    }
  });

  test('has as many cells in a row as its table has columns', () => {
    const rows = lines.filter((line) => line.startsWith('| '));
    const cells = rows.map((row) => row.split(/(?<!\\)\|/).length - 2);
    expect(new Set(cells)).toEqual(new Set([4, 5]));
  });
});
