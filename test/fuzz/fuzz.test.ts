import { describe, expect, test } from '@jest/globals';
import { readCorpus } from '../../fuzz/corpus.ts';
import type { Target } from '../../fuzz/fuzz.ts';
import { fuzz } from '../../fuzz/fuzz.ts';
import { targets } from '../../fuzz/targets.ts';

const short = { seed: 'short', runsMax: 2000, msMax: 3000, guided: false } as const;

describe('any bytes are survived', () => {
  test.each(targets)('by $name', async (target) => {
    const { crash, runs } = await fuzz(target, { ...short, corpus: readCorpus(target.name) });
    expect(crash?.error).toBeUndefined();
    expect(runs).toBeGreaterThan(target.seeds.length);
  });
});

describe('what is not survived is found', () => {
  const fragile: Target = {
    name: 'fragile',
    seeds: [Buffer.from('length:5')],
    words: [Buffer.from('9')],
    run(bytes) {
      if (bytes.toString('latin1').startsWith('length:9')) throw new RangeError('too long');
    },
  };

  test.each([true, false])('guided by coverage: %j', async (guided) => {
    const { crash } = await fuzz(fragile, {
      seed: 's',
      corpus: [],
      runsMax: 100_000,
      msMax: 20_000,
      guided,
    });
    expect(crash?.error).toBeInstanceOf(RangeError);
    expect(crash?.bytes.toString('latin1')).toContain('length:9');
  });

  test('and so are inputs that keep everybody waiting', async () => {
    const slow: Target = {
      name: 'slow',
      seeds: [Buffer.alloc(1)],
      run: () => new Promise((resolve) => setTimeout(resolve, 2100)),
    };
    const { crash } = await fuzz(slow, { ...short, corpus: [] });
    expect(String(crash?.error)).toContain('it took 2');
  });
});
