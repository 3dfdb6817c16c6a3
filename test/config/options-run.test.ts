import { expect, test } from '@jest/globals';
import { runOptions } from '../../src/config/options-run.ts';

test('a run is decided by its cassette unless one says otherwise, and keeps what it can', () => {
  const { mode, cassetteName, cassetteFormat, onMiss, fsync } = runOptions;
  expect(mode.parse(mode.default)).toBe('auto');
  expect(cassetteName.parse('login/ok')).toBe('login/ok');
  expect(cassetteFormat.parse(cassetteFormat.default)).toBe('json');
  expect(onMiss.parse(onMiss.default)).toBe('fail');
  expect(() => fsync.parse('sometimes')).toThrow();
});
