import { describe, expect, test } from '@jest/globals';
import type { Entry } from '../../src/cassette/cassette.ts';
import type { Headers } from '../../src/exchange/headers.ts';
import { callerOf } from '../../src/cassette/caller.ts';
import type { SessionKey } from '../../src/replay/session-key.ts';
import { sameCaller, samePath } from '../../src/replay/session-key.ts';
import { ask, interaction } from '../mode/harness.ts';

const jwt = (claims: object): string =>
  `eyJhbGciOiJIUzI1NiJ9.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;

/** Recorded sessions; credentials are replaced by what tells their callers apart. */
function entries(
  ...requests: readonly { readonly path?: string; readonly headers?: Headers }[]
): readonly Entry[] {
  return requests.map(({ path = '/', headers = [] }, place) => {
    const caller = callerOf(headers);
    const hidden = /^(?:authorization|cookie)$/i;
    const kept = headers.map(([name, value]): readonly [string, string] => {
      return [name, hidden.test(name) ? '[FILTERED]' : value];
    });
    const request = { path, headers: kept, ...(caller && { caller }) };
    return { interaction: interaction({ kind: 'websocket', request }), bodyDigest: '', place };
  });
}

function found(
  all: readonly Entry[],
  headers: Headers,
  keys: readonly SessionKey[],
): readonly number[] {
  return sameCaller(all, ask({ headers }).exchange, keys).map(({ place }) => place);
}

describe('callers of one URL are told apart by', () => {
  test('a credential that is not kept', () => {
    const all = entries(
      { headers: [['Authorization', 'Bearer ann']] },
      { headers: [['Authorization', 'Bearer bob']] },
      { headers: [['Authorization', 'Bearer ann']] },
    );
    const keys: SessionKey[] = [{ by: 'header', name: 'Authorization' }];
    expect(found(all, [['authorization', 'Bearer ann']], keys)).toEqual([0, 2]);
    expect(found(all, [['authorization', 'Bearer bob']], keys)).toEqual([1]);
    // Nobody has this one, so it tells nothing.
    expect(found(all, [['authorization', 'Bearer eve']], keys)).toEqual([0, 1, 2]);
    expect(found(all, [], keys)).toEqual([0, 1, 2]);
  });

  test('a header that is kept', () => {
    const all = entries({ headers: [['X-User', 'ann']] }, { headers: [['X-User', 'bob']] });
    expect(found(all, [['x-user', 'bob']], [{ by: 'header', name: 'x-user' }])).toEqual([1]);
  });

  test('a cookie, any or that of a name', () => {
    const all = entries(
      { headers: [['Cookie', 'theme=dark; sid=1']] },
      { headers: [['Cookie', 'theme=dark; sid=2']] },
    );
    expect(found(all, [['Cookie', 'sid=2']], [{ by: 'cookie' }])).toEqual([1]);
    expect(found(all, [['Cookie', 'sid=2; theme=dark']], [{ by: 'cookie', name: 'sid' }])).toEqual([
      1,
    ]);
    expect(found(all, [['Cookie', 'sid=3']], [{ by: 'cookie', name: 'sid' }])).toEqual([0, 1]);
  });

  test('a token among the subprotocols, signed anew', () => {
    const of = (sub: string, iat: number): Headers => [
      ['Sec-WebSocket-Protocol', `chat, ${jwt({ sub, iat })}`],
    ];
    const all = entries({ headers: of('ann', 1) }, { headers: of('bob', 1) });
    expect(found(all, of('bob', 9), [{ by: 'protocol' }])).toEqual([1]);
    expect(found(all, [], [{ by: 'protocol' }])).toEqual([0, 1]);
  });

  test('several keys, one after the other', () => {
    const all = entries(
      {
        headers: [
          ['A', '1'],
          ['B', '1'],
        ],
      },
      {
        headers: [
          ['A', '1'],
          ['B', '2'],
        ],
      },
      {
        headers: [
          ['A', '2'],
          ['B', '2'],
        ],
      },
    );
    const keys: SessionKey[] = [
      { by: 'header', name: 'a' },
      { by: 'message' },
      { by: 'header', name: 'b' },
    ];
    expect(
      found(
        all,
        [
          ['A', '1'],
          ['B', '2'],
        ],
        keys,
      ),
    ).toEqual([1]);
  });

  test('a parameter of the query', () => {
    const all = entries({ path: '/?token=ann' }, { path: '/?token=bob' });
    const { exchange } = ask({ path: '/?token=bob' });
    const key: SessionKey = { by: 'query', name: 'token' };
    expect(sameCaller(all, exchange, [key]).map(({ place }) => place)).toEqual([1]);
  });
});

describe('the query of a session may differ', () => {
  const all = entries(
    { path: `/?room=1&token=${jwt({ sub: 'ann', iat: 1 })}` },
    { path: '/?room=2&token=x' },
    { path: '/?token=y&room=1' },
  );
  const like = (path: string, keys: readonly SessionKey[] = []): readonly number[] =>
    samePath(all, ask({ path }).exchange, keys).map(({ place }) => place);

  test('by a token that is signed anew', () => {
    expect(like(`/?token=${jwt({ iat: 2, sub: 'ann' })}&room=1`)).toEqual([0]);
    expect(like(`/?room=1&token=${jwt({ iat: 2, sub: 'bob' })}`)).toEqual([]);
  });

  test('by a parameter that is named', () => {
    expect(like('/?room=1&token=z')).toEqual([]);
    expect(like('/?room=1&token=z', [{ by: 'query', name: 'token' }])).toEqual([0, 2]);
  });
});
