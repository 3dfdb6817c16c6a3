import { describe, expect, test } from '@jest/globals';
import { createDnsWriter } from '../../src/support/dns-writer.ts';

const written = (body: (writer: ReturnType<typeof createDnsWriter>) => void): string => {
  const writer = createDnsWriter(Buffer.alloc(0));
  body(writer);
  expect(writer.message()).toHaveLength(writer.length);
  return writer.message().toString('hex');
};

describe('names', () => {
  test('are written once, and then pointed to, whatever their case', () => {
    const hex = written((writer) => {
      writer.name('www.a.b', true);
      writer.name('x.A.b', true);
      writer.name('WWW.a.b', true);
      writer.name('c.b', false);
      writer.name('.', true);
    });
    const first = '037777770161016200';
    expect(hex).toBe(`${first}0178c004c000016301620000`);
  });

  test('have dots within a label where those are escaped', () => {
    expect(written((writer) => writer.name('a\\.b.c', false))).toBe('03612e62016300');
  });

  test('that are known from the start are pointed to', () => {
    const start = Buffer.from('0161016200', 'hex');
    const writer = createDnsWriter(start, 0);
    writer.name('b', true);
    expect(writer.message().toString('hex')).toBe('0161016200c002');
  });

  test('too far behind are written out', () => {
    const writer = createDnsWriter(Buffer.alloc(0x40_00));
    writer.name('a', true);
    writer.name('a', true);
    expect(writer.message().subarray(0x40_00).toString('hex')).toBe('016100016100');
  });

  test.each(['a..b', `${'a'.repeat(64)}.b`, 'abcdefg.'.repeat(33).slice(0, -1)])(
    '%s is none',
    (name) => {
      expect(() => written((writer) => writer.name(name, true))).toThrow('is no name');
    },
  );
});

test('what is cut off is not pointed to any more', () => {
  const hex = written((writer) => {
    writer.name('a', true);
    writer.name('b', true);
    writer.cutTo(3);
    writer.name('b', true);
    writer.name('a', true);
  });
  expect(hex).toBe('016100016200c000');
});

test('a length stands before what it counts', () => {
  const hex = written((writer) => {
    writer.sized(() => {
      writer.uint16(1);
      writer.uint32(2);
    });
  });
  expect(hex).toBe('0006000100000002');
});

test('no message is longer than 65535 bytes', () => {
  const writer = createDnsWriter(Buffer.alloc(65_535));
  expect(() => writer.bytes(Buffer.alloc(1))).toThrow(RangeError);
});
