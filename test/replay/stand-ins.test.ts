import { describe, expect, test } from '@jest/globals';
import type { Compared, StandIns } from '../../src/replay/stand-ins.ts';
import { createStandIns } from '../../src/replay/stand-ins.ts';

const recordedAt = Date.parse('2026-01-01T00:00:00Z');
const one = '11111111-1111-4111-8111-111111111111';
const two = '22222222-2222-4222-8222-222222222222';
const three = '33333333-3333-4333-8333-333333333333';

/** Tries one message, and keeps what was found where it fits. */
function tries(
  standIns: StandIns,
  [recorded, live]: readonly [string, string],
  known: Partial<Compared> = {},
): boolean {
  const trial = standIns.trial({ recordedAt, given: () => false, echoed: () => false, ...known });
  const fits = trial.fits(recorded, live);
  if (fits) trial.keep();
  return fits;
}

function fresh(tokens = new Map<string, string>()): StandIns {
  return createStandIns({ tokens });
}

describe('an id that the client makes anew', () => {
  test('stands in from then on, wherever the server says it', () => {
    const standIns = fresh();
    expect(standIns.applyTo(`next ${one}`)).toBe(`next ${one}`);
    expect(tries(standIns, [`subscribe ${one}`, `subscribe ${two}`])).toBe(true);
    expect(standIns.applyTo(`next ${one}, room-${one}! ${three}`)).toBe(
      `next ${two}, room-${two}! ${three}`,
    );
    expect(tries(standIns, [`complete ${one}`, `complete ${two}`])).toBe(true);
  });

  test('is the same one all along, and stands for no other', () => {
    const standIns = fresh();
    expect(tries(standIns, [one, two])).toBe(true);
    expect(tries(standIns, [one, three])).toBe(false);
    expect(tries(standIns, [one, one])).toBe(false);
    expect(tries(standIns, [three, two])).toBe(false);
  });

  test('is found by the sessions beside it, each of which goes by its own first', () => {
    const shared = new Map<string, string>();
    const [ann, bob] = [fresh(shared), fresh(shared)];
    tries(ann, [one, two]);
    expect(bob.applyTo(one)).toBe(two);
    tries(bob, [one, three]);
    expect([ann.applyTo(one), bob.applyTo(one)]).toEqual([two, three]);
  });

  test('counts for nothing where the rest of the message does not fit', () => {
    const standIns = fresh();
    expect(tries(standIns, [`a ${one}`, `b ${two}`])).toBe(false);
    expect(standIns.applyTo(one)).toBe(one);
  });
});

describe('is a mistake of the client', () => {
  test('an id that is another one than a server gave', () => {
    const given: Compared['given'] = (value, before) => value === one && before === recordedAt;
    expect(tries(fresh(), [one, two], { given })).toBe(false);
    expect(tries(fresh(), [one, one], { given })).toBe(true);
  });

  test('an id that a server gave for something else', () => {
    const given: Compared['given'] = (value, before) => value === two && before === Infinity;
    expect(tries(fresh(), [one, two], { given })).toBe(false);
  });

  test.each([
    ['hello-1', 'hello-2'],
    ['a', 'b'],
    [`x ${one}`, 'x room-7'],
    ['2026-01-01T00:00:00Z', '2025-01-01T00:00:00Z'],
    ['k3j9x0q2m1a', 'x0q2m1ak3x'],
  ])('another text: %s, %s', (recorded, live) => {
    expect(tries(fresh(), [recorded, live])).toBe(false);
  });
});

test('what might be an id is one where a server says it again', () => {
  const standIns = fresh();
  expect(tries(standIns, ['k3j9x0q2m1a', 'x0q2m1ak3x'], { echoed: () => true })).toBe(true);
  expect(standIns.applyTo('ok k3j9x0q2m1a')).toBe('ok x0q2m1ak3x');
});

describe('a time', () => {
  test('stands in where it is the time of the recording, and the live one is now', () => {
    const standIns = fresh();
    const now = new Date().toISOString();
    expect(tries(standIns, ['at 2026-01-01T00:00:01.5Z', `at ${now}`])).toBe(true);
    expect(standIns.applyTo('sent 2026-01-01T00:00:01.5Z')).toBe(`sent ${now}`);
    expect(tries(standIns, [String(recordedAt), String(Date.now())])).toBe(true);
    const seconds = (ms: number): string => String(Math.floor(ms / 1000));
    expect(tries(standIns, [seconds(recordedAt), seconds(Date.now())])).toBe(true);
  });

  test('that means another day does not', () => {
    expect(tries(fresh(), ['2026-03-01T09:00:00Z', '2026-03-02T09:00:00Z'])).toBe(false);
    expect(tries(fresh(), ['2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z'])).toBe(false);
  });
});

test('a token that is signed anew is of the same person, or another message', () => {
  const jwt = (claims: object): string =>
    `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
  const [ann, later] = [jwt({ sub: 'ann', iat: 1 }), jwt({ sub: 'ann', iat: 2 })];
  expect(tries(fresh(), [`Bearer ${ann}`, `Bearer ${later}`], { given: () => true })).toBe(true);
  expect(tries(fresh(), [`Bearer ${ann}`, `Bearer ${jwt({ sub: 'bob', iat: 1 })}`])).toBe(false);
});

describe('a member that is not compared', () => {
  test('stands in where the server says it under the same name', () => {
    const standIns = fresh();
    const trial = standIns.trial({ recordedAt, given: () => false, echoed: () => false });
    trial.note('id', '1', '27');
    trial.note('name', 'x', 'say "hi"');
    trial.keep();
    expect(standIns.applyTo('{"n":1, "id" : "1","of":[{"id":1}],"name":"x","x":"id"}')).toBe(
      '{"n":1, "id" : "27","of":[{"id":27}],"name":"say \\"hi\\"","x":"id"}',
    );
    expect(standIns.applyTo('"id":"1" and no more')).toBe('"id":"1" and no more');
  });
});

test('what is remembered has a bound: the oldest goes', () => {
  const standIns = fresh();
  const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
  for (let n = 0; n < 10_001; n += 1) tries(standIns, [uuid(n), uuid(n + 1e6)]);
  expect(standIns.applyTo(uuid(10_000))).toBe(uuid(10_000 + 1e6));
  expect([0, 1].map((n) => standIns.applyTo(uuid(n)))).toEqual([uuid(0), uuid(1 + 1e6)]);
});
