import { expect, test } from '@jest/globals';
import { withBody, withChanges } from '../../src/exchange/changes.ts';
import { answer } from '../mode/harness.ts';

test('properties are replaced, and the rest stays, getters too', () => {
  let outcome = 'early';
  const whole = {
    a: 1,
    b: 2,
    get outcome() {
      return outcome;
    },
  };
  const changed = withChanges(whole, { b: 3 });
  outcome = 'late';
  expect(changed).toEqual({ a: 1, b: 3, outcome: 'late' });
  expect(whole.b).toBe(2);
  const again = withChanges(changed, { a: 0 });
  outcome = 'later still';
  expect(again.outcome).toBe('later still');
  expect({ ...again }).toEqual({ a: 0, b: 3, outcome: 'later still' });
});

test('a getter can be replaced by a value and the other way round', () => {
  const changed = withChanges(
    {
      get a() {
        return 1;
      },
      b: 1,
    },
    {
      a: 2,
      get b() {
        return 3;
      },
    },
  );
  expect(changed).toEqual({ a: 2, b: 3 });
});

test('an answer with another body', () => {
  const body = Buffer.from('x');
  const given = answer();
  expect(withBody(given, body)).toEqual({ ...given, body });
});
