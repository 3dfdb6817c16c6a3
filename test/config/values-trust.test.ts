import { describe, expect, test } from '@jest/globals';
import { permittedNames, trustFolder } from '../../src/config/values-trust.ts';

describe('permitted names', () => {
  test('are names and ranges, in one order however they are written', () => {
    const names = { dns: ['a.test', 'internal'], ip: ['10.0.0.0/8', 'fd00::/8'] };
    expect(permittedNames(' internal, A.test,10.0.0.0/8,FD00::/8,a.test')).toEqual(names);
    expect(permittedNames('')).toBeUndefined();
  });

  test.each(['*.a.test', '.a.test', 'a.test.', 'https://a.test', '10.0.0.0/99'])(
    'are not %s',
    (text) => {
      expect(() => permittedNames(text)).toThrow(/is neither a name nor a range/);
    },
  );
});

describe('the folder of the trust kit', () => {
  test('is an absolute path, from wherever it was said', () => {
    expect(trustFolder('/trust')).toBe('/trust');
    expect(trustFolder('kit/../trust')).toBe(`${process.cwd()}/trust`);
    expect(trustFolder('')).toBeUndefined();
  });

  test.each(['/a b', '/a:b', '/a$b', "/a'b", '/a"b', '/a;b', '/a#b', '/a\\b', '/a\nb'])(
    'is not %j, which would mean something else to a shell or to Java',
    (text) => expect(() => trustFolder(text)).toThrow(/no file of variables could name/),
  );
});
