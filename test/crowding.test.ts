import { describe, expect, test } from '@jest/globals';
import { crowdOf } from '../src/crowding.ts';
import type { Failure } from '../src/exchange/failure.ts';
import { Failure as AFailure } from '../src/exchange/failure.ts';

function crowd(
  connectionsMax: number | 'auto',
  filesMax: number | undefined,
  dials = true,
): ReturnType<typeof crowdOf> & { readonly said: Failure[]; readonly counted: string[] } {
  const said: Failure[] = [];
  const counted: string[] = [];
  const report = (failure: Failure): void => void said.push(failure);
  const metrics = { onOwnError: (code: string): void => void counted.push(code) };
  return { ...crowdOf({ connectionsMax, dials, report, metrics, filesMax }), said, counted };
}

describe('how many connections there may be', () => {
  test.each<{
    readonly wanted: number | 'auto';
    readonly files?: number;
    readonly dials?: boolean;
    readonly most: number;
    readonly told?: string;
  }>([
    { wanted: 'auto', files: 1_048_576, most: 32_768 },
    { wanted: 'auto', most: 32_768 },
    { wanted: 'auto', files: 20_000, most: 9744 },
    { wanted: 'auto', files: 20_000, dials: false, most: 19_488 },
    { wanted: 'auto', files: 1024, most: 486 },
    { wanted: 'auto', files: 256, most: 112, told: 'nofile: 1024' },
    { wanted: 10_000, files: 1_048_576, most: 10_000 },
    { wanted: 10_000, files: 20_000, most: 10_000, told: 'nofile: 21504' },
    { wanted: 10_000, files: 20_000, dials: false, most: 10_000 },
    { wanted: 10_000, most: 10_000 },
  ])('%j', ({ wanted, files, dials = true, most, told }) => {
    const { connectionsMax, tooFew } = crowd(wanted, files, dials);
    expect(connectionsMax).toBe(most);
    expect(tooFew?.code).toBe(told === undefined ? undefined : 'FILE_LIMIT_LOW');
    expect(tooFew?.message ?? '').toContain(told ?? '');
  });
});

test('of those who were turned away the first, tenth and hundredth are told of, all are counted', () => {
  const { onCrowded, said, counted } = crowd(1, undefined);
  for (let count = 0; count < 120; count += 1) {
    onCrowded(new AFailure('TOO_MANY_CONNECTIONS', String(count + 1)));
  }
  expect(said.map(({ message }) => message)).toEqual(['1', '10', '100']);
  expect(counted).toHaveLength(117);
});
