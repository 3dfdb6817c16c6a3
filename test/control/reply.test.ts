import { describe, expect, test } from '@jest/globals';
import { failureReply, jsonReply, problemReply } from '../../src/control/reply.ts';

describe('a reply', () => {
  test('of JSON is one line', () => {
    expect(jsonReply(200, { a: [1] })).toEqual({
      status: 200,
      contentType: 'application/json',
      body: '{"a":[1]}\n',
    });
  });

  test('of a problem has the words of its status', () => {
    const reply = problemReply(404, 'there is no /x here');
    expect(JSON.parse(reply.body)).toEqual({
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      detail: 'there is no /x here',
    });
    expect(JSON.parse(problemReply(599, '').body)).toMatchObject({ title: 'Problem' });
  });

  test('of a failure has its code and remedy', () => {
    const reply = failureReply('CLIENT_NOT_ALLOWED', '192.0.2.1');
    expect(reply).toMatchObject({
      status: 403,
      contentType: 'application/problem+json',
      headers: { 'X-Magneto-Failure': 'CLIENT_NOT_ALLOWED' },
    });
    expect(JSON.parse(reply.body)).toMatchObject({
      code: 'CLIENT_NOT_ALLOWED',
      remedy: expect.stringContaining('MAGNETO_ALLOW_CLIENTS'),
    });
  });
});
