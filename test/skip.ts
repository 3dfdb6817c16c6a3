import { describe, test } from '@jest/globals';

/** What a suite needs from the machine, and what to say where it is missing. */
export interface Condition {
  readonly ok: boolean;
  readonly reason: string;
}

/**
 * Runs a suite where the machine can; elsewhere says loudly that it did not, and under CI fails.
 * A suite that silently runs nowhere is worse than none.
 */
export function describeWhere(condition: Condition, title: string, body: () => void): void {
  if (condition.ok) {
    describe(title, body);
    return;
  }
  if (process.env['CI'] === 'true') {
    test(title, () => {
      throw new Error(`cannot run here: ${condition.reason}`);
    });
    return;
  }
  process.stderr.write(`SKIPPED: ${title}: ${condition.reason}\n`);
  // oxlint-disable-next-line jest/no-disabled-tests -- the one place that skips, and it says so
  test.skip(title, () => {});
}
