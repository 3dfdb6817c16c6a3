import { parseArgs } from 'node:util';
import { keepInCorpus, readCorpus } from './corpus.ts';
import { fuzz } from './fuzz.ts';
import { targets } from './targets.ts';

const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: String(Date.now()) },
    keep: { type: 'boolean', default: false },
  },
});

const wanted = values.target ?? targets.map(({ name }) => name);
let crashed = false;
for (const target of targets.filter(({ name }) => wanted.includes(name))) {
  const fuzzed = await fuzz(target, {
    seed: values.seed,
    corpus: readCorpus(target.name),
    runsMax: Number.POSITIVE_INFINITY,
    msMax: Number(values.seconds) * 1000,
    guided: true,
  });
  const { runs, ms, kept, crash } = fuzzed;
  const seconds = Math.round(ms / 1000);
  console.log(`${target.name}: ${runs} inputs in ${seconds} s, ${kept.length} reached new code`);
  if (values.keep) keepInCorpus(target.name, kept);
  if (crash === undefined) continue;
  crashed = true;
  keepInCorpus(target.name, [crash.bytes]);
  console.error(`${target.name} does not survive ${crash.bytes.toString('hex')}`, crash.error);
}
process.exitCode = crashed ? 1 : 0;
