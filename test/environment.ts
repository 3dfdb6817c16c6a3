import type { Circus } from '@jest/types';
import { TestEnvironment } from 'jest-environment-node';

const allowed: readonly string[] = ['ExperimentalWarning'];

/**
 * Node's environment, in which a runtime warning (a leaked listener, a deprecated call) fails the
 * test that it came from. It has to sit here: inside a test, `process` is a copy that hears nothing.
 */
export default class StrictEnvironment extends TestEnvironment {
  #warnings: Error[] = [];

  readonly #collect = (warning: Error): void => {
    if (!allowed.includes(warning.name)) this.#warnings.push(warning);
  };

  override async setup(): Promise<void> {
    await super.setup();
    process.on('warning', this.#collect);
  }

  override async teardown(): Promise<void> {
    process.off('warning', this.#collect);
    await super.teardown();
  }

  /** Jest waits for this at each event; a warning is told one tick after its cause. */
  async handleTestEvent(event: Circus.AsyncEvent, state: Circus.State): Promise<void> {
    if (event.name !== 'test_fn_success' && event.name !== 'run_finish') return;
    await new Promise((resolve) => setImmediate(resolve));
    const warnings = this.#warnings;
    this.#warnings = [];
    if (event.name === 'test_fn_success') event.test.errors.push(...warnings);
    else state.unhandledErrors.push(...warnings);
  }
}
