import type { FailureCode } from '../exchange/failure.ts';

/** One option: everything that is to be said of it, and how its text becomes a value. */
export interface Option<Value> {
  /** The variable that sets it. */
  readonly env: string;
  /** The values it takes, in words: for the error and for the documentation. */
  readonly takes: string;
  /** The default, as one would write it in the variable. */
  readonly default: string;
  /** What it does. */
  readonly doc: string;
  /** Why it exists and why its default is what it is. */
  readonly reason: string;
  /** Throws a ValueError where the text is not a value. */
  readonly parse: (text: string) => Value;
  /** Words to propose the nearest of. */
  readonly words?: readonly string[];
  /** Never shown, neither in an error nor in print. */
  readonly secret?: boolean;
  /** The failure of a bad value, where it has one of its own. */
  readonly failure?: FailureCode;
}
