import { describe, expect, test } from '@jest/globals';
import { clientCassettes } from '../../src/config/clients.ts';
import { ValueError } from '../../src/config/values.ts';

describe('clients with a cassette of their own', () => {
  test('are addresses, ranges and names', () => {
    expect(
      clientCassettes(' web=172.30.0.5, web=[FD00::5],jobs/night=172.30.1.0/24, api=Api-Service,'),
    ).toEqual([
      { cassette: 'web', at: '172.30.0.5' },
      { cassette: 'web', at: 'fd00::5' },
      { cassette: 'jobs/night', at: '172.30.1.0/24' },
      { cassette: 'api', at: 'api-service' },
    ]);
    expect(clientCassettes('')).toEqual([]);
  });

  test('may have a cassette with an equals sign in its name', () => {
    expect(clientCassettes('a=b=10.0.0.1')).toEqual([{ cassette: 'a=b', at: '10.0.0.1' }]);
  });

  test.each([
    ['web', 'is not cassette=client'],
    ['=10.0.0.1', 'is not cassette=client'],
    ['web=', 'is not cassette=client'],
    ['web=172.30.0.500', 'is no client'],
    ['web=10.0.0.0/33', 'is no client'],
    ['web=a b', 'is no client'],
    ['/abs=10.0.0.1', 'an absolute path'],
    ['../up=10.0.0.1', 'it leads out of the folder'],
    ['web=10.0.0.1,jobs=10.0.0.1', '"10.0.0.1" is there twice'],
    [Array.from({ length: 101 }, (_, n) => `c${n}=10.0.0.${n}`).join(','), 'more than 100 entries'],
  ])('are not %j', (text, words) => {
    expect(() => clientCassettes(text)).toThrow(ValueError);
    expect(() => clientCassettes(text)).toThrow(words);
  });
});
