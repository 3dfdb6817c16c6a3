import { describe, expect, test } from '@jest/globals';
import { causeOf, diagnosis, judge } from '../../src/capture/self-test-diagnosis.ts';

const probe = { family: 'v4', address: '192.0.2.2', port: 80 } as const;
const expected = { nonce: 'ab', run: 'mine' };
const destination = { address: '192.0.2.2', port: 80 };

describe('a test connection', () => {
  test.each([
    [{ nonce: 'ab', run: 'mine', destination }, 'right'],
    [{ nonce: 'cd', run: 'mine', destination }, 'stranger'],
    [{ nonce: 'ab', run: 'yours', destination }, 'otherProxy'],
    [{ nonce: 'ab', run: 'mine', destination: null }, 'noDestination'],
    [{ nonce: 'ab', run: 'mine', destination: { ...destination, port: 81 } }, 'wrongDestination'],
    [
      { nonce: 'ab', run: 'mine', destination: { ...destination, address: '::1' } },
      'wrongDestination',
    ],
  ])('answered with %j is %s', (answer, verdict) => {
    expect(judge(probe, expected, { how: 'answered', answer }).verdict).toBe(verdict);
  });

  test('of a run that is not known may be any run', () => {
    const answer = { nonce: 'ab', run: 'yours', destination };
    const asked = { nonce: 'ab', run: undefined };
    expect(judge(probe, asked, { how: 'answered', answer }).verdict).toBe('right');
  });

  test('without an answer is what it ended as', () => {
    const ending = { how: 'refused', words: 'was refused (ECONNREFUSED)' } as const;
    expect(judge(probe, expected, ending)).toEqual({
      probe,
      verdict: 'refused',
      words: ending.words,
    });
  });
});

test('the diagnosis shows what is wrong first, with one piece of advice a kind, and fits on a screen', () => {
  const results = Array.from({ length: 100 }, (_, port) => ({
    probe: { ...probe, port },
    verdict: port < 98 ? ('right' as const) : ('timedOut' as const),
    words: 'words',
  }));
  const lines = diagnosis(results).split('\n');
  expect(lines[0]).toBe('  FAIL IPv4 port 98    words');
  expect(lines[2]).toBe('  ok   IPv4 port 0     words');
  expect(lines.filter((line) => line.includes('likely:'))).toHaveLength(1);
  expect(lines).toContain('  and 88 more');
  expect(lines.length).toBeLessThan(24);
});

test('each way of being wrong has a cause and a line that mends it, being right none', () => {
  expect(causeOf('right')).toBeUndefined();
  expect(causeOf('timedOut')?.remedy).toContain('magneto rules apply');
  expect(causeOf('refused')?.remedy).toContain('MAGNETO_HOST=0.0.0.0,::');
});
