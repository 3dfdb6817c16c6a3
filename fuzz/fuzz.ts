import { seeded } from '../src/support/seeded.ts';
import { watchCoverage } from './coverage.ts';
import { mutated } from './mutate.ts';

/** What is given anything: it must take it, or say in its own way that it does not. */
export interface Target {
  readonly name: string;
  /** Throws where bytes do what they must not: whatever it throws is a crash. */
  readonly run: (bytes: Buffer) => void | Promise<void>;
  /** Bytes that mean something, to begin with. */
  readonly seeds: readonly Buffer[];
  /** Pieces that mean something, to be put in anywhere. */
  readonly words?: readonly Buffer[];
}

/** How long, and from which numbers. */
export interface Fuzzing {
  readonly seed: string;
  readonly corpus: readonly Buffer[];
  /** Ends after so many inputs, or after so many milliseconds. */
  readonly runsMax: number;
  readonly msMax: number;
  /** Whether inputs that reach new code are kept and mutated on; costs time. */
  readonly guided: boolean;
}

/** Bytes that a target did not survive. */
export interface Crash {
  readonly bytes: Buffer;
  readonly error: unknown;
}

/** What a run came to. */
export interface Fuzzed {
  readonly runs: number;
  readonly ms: number;
  /** Inputs that reached code which none before them had. */
  readonly kept: readonly Buffer[];
  readonly crash: Crash | undefined;
}

/** Inputs between two looks at the coverage: looking costs more than running. */
const batch = 64;
/** One input that takes longer has found a way to keep everybody waiting. */
const runMsMax = 2000;

/** Gives a target its corpus, then what can be made of it, until something breaks or time is up. */
export async function fuzz(target: Target, fuzzing: Fuzzing): Promise<Fuzzed> {
  const { seed, guided, runsMax, msMax } = fuzzing;
  const random = seeded(`${seed} ${target.name}`);
  const known: Buffer[] = [...target.seeds, ...fuzzing.corpus];
  const kept: Buffer[] = [];
  const coverage = guided ? await watchCoverage() : undefined;
  const begun = performance.now();
  let runs = 0;
  let crash: Crash | undefined;
  const tryAll = async (inputs: readonly Buffer[]): Promise<void> => {
    for (const bytes of inputs) {
      runs += 1;
      crash ??= await crashOf(target, bytes);
      if (crash !== undefined) return;
    }
  };
  await tryAll(known);
  await coverage?.isNew();
  while (crash === undefined && runs < runsMax && performance.now() - begun < msMax) {
    const inputs = Array.from({ length: batch }, () => mutated(known, random, target.words ?? []));
    await tryAll(inputs);
    if (crash !== undefined || coverage === undefined || !(await coverage.isNew())) continue;
    // Which of them it was does not matter much; the shortest tell most.
    const shortest = inputs.toSorted((a, b) => a.length - b.length).slice(0, 4);
    known.push(...shortest);
    kept.push(...shortest);
  }
  await coverage?.stop();
  return { runs, ms: performance.now() - begun, kept, crash };
}

async function crashOf(target: Target, bytes: Buffer): Promise<Crash | undefined> {
  const begun = performance.now();
  try {
    await target.run(Buffer.from(bytes));
  } catch (error) {
    return { bytes, error };
  }
  const ms = performance.now() - begun;
  return ms > runMsMax ? { bytes, error: new Error(`it took ${Math.round(ms)} ms`) } : undefined;
}
