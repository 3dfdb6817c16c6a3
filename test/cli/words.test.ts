import { expect, test } from '@jest/globals';
import { numberOf, readWords } from '../../src/cli/words.ts';

const options = { wait: { type: 'boolean' }, via: { type: 'string' } } as const;

test('words are read as flags', () => {
  const { values } = readWords('rules route', { args: ['--wait', '--via', 'gate'], options });
  expect({ ...values }).toEqual({ wait: true, via: 'gate' });
});

test.each([['now'], ['--wiat'], ['--via'], ['--wait=no']])(
  'what is none of a verb’s own is refused in one line, under its name: %s',
  (word) => {
    expect(() => readWords('rules route', { args: [word], options })).toThrow(
      expect.objectContaining({
        code: 'COMMAND_UNKNOWN',
        message: expect.stringMatching(/^rules route: [^\n]+$/),
      }),
    );
  },
);

test.each([
  ['0', 0],
  [' 17', 17],
  ['30', 30],
])('%j is a number', (text, value) => expect(numberOf('days', text, 30)).toBe(value));

test.each([[''], ['31'], ['-1'], ['1.5'], ['0x1'], ['1e1'], ['me']])('%j is none', (text) => {
  expect(() => numberOf('days', text, 30)).toThrow(
    expect.objectContaining({
      code: 'OPTION_INVALID',
      message: `--days is ${JSON.stringify(text)}, and takes 0 to 30`,
    }),
  );
});
