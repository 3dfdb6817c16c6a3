import { describe, expect, test } from '@jest/globals';
import { optionNames, options } from '../../src/config/options.ts';
import type { Option } from '../../src/config/option.ts';

describe('the options', () => {
  test.each(optionNames)('%s is complete, and its default is a value', (name) => {
    const option: Option<unknown> = options[name];
    expect(option.env).toMatch(/^MAGNETO_[A-Z_]+$/);
    for (const text of [option.doc, option.reason]) expect(text).toMatch(/^[A-Z`].{20,}\.$/);
    expect(option.takes.length).toBeGreaterThan(5);
    expect(() => option.parse(option.default)).not.toThrow();
  });

  test('have a variable each', () => {
    const variables = optionNames.map((name) => options[name].env);
    expect(new Set(variables).size).toBe(variables.length);
  });
});
