import { describe, expect, test } from '@jest/globals';
import {
  addedAddress,
  capturedUser,
  createSelfTest,
  isTestAddress,
  pathOf,
  probesOf,
  readAnswer,
  selfTestAddress,
  testAddress,
} from '../../src/capture/self-test.ts';

const addresses = { v4: '192.0.2.2', v6: '2001:db8::2' };
const probes = probesOf({ ports: [80, 443], except: [], addresses });

describe('the proxy’s half of the self-test', () => {
  test('has passed when each connection came that there is to be, and not before', () => {
    const selfTest = createSelfTest('run');
    for (const [index, { address, port }] of probes.entries()) {
      expect(selfTest.passed()).toBe(false);
      const nonce = String(index);
      expect(selfTest.answer(pathOf(nonce, probes), { address, port })).toEqual({
        nonce,
        run: 'run',
        destination: { address, port },
      });
    }
    expect(selfTest.passed()).toBe(true);
  });

  test.each([
    ['the same one again and again', { address: addresses.v4, port: 80 }],
    ['an explicit client', { port: 80 }],
    ['another destination', { address: '192.0.2.3', port: 80 }],
  ])('%s does not make it pass', (_who, destination) => {
    const selfTest = createSelfTest('run');
    for (let times = 0; times < 5; times += 1) {
      selfTest.answer(pathOf('ab', probes), destination);
    }
    expect(selfTest.passed()).toBe(false);
  });

  test('no connection at all is no test', () => {
    const selfTest = createSelfTest('run');
    selfTest.answer(pathOf('ab', []), { address: addresses.v4, port: 80 });
    expect(selfTest.passed()).toBe(false);
  });

  test.each([
    '/',
    '/self-test',
    '/self-test?nonce=',
    '/self-test?nonce=<script>',
    '/ca.pem?nonce=1',
  ])('%s is answered by nobody', (path) => {
    expect(createSelfTest('run').answer(path, { port: 80 })).toBeUndefined();
  });
});

describe('the connections of a test', () => {
  test('are one for each port in each family', () => {
    expect(probes.map(({ family, port }) => `${family} ${port}`)).toEqual([
      'v4 80',
      'v4 443',
      'v6 80',
      'v6 443',
    ]);
  });

  test('are a few where all ports are captured, and none on those left out', () => {
    const all = probesOf({ ports: 'all', except: [443], addresses: { v4: addresses.v4 } });
    expect(all.length).toBeGreaterThan(2);
    expect(all.map(({ port }) => port)).not.toContain(443);
  });

  test.each([
    ['v4', [], [], selfTestAddress('v4')],
    ['v4', ['0.0.0.0/0'], [], addresses.v4],
    ['v4', ['10.1.0.0/16', '192.168.0.1'], [], addresses.v4],
    ['v4', [], ['192.0.2.0/24'], addresses.v4],
    ['v6', ['10.1.0.0/16'], [], undefined],
    ['v6', ['fd00::/8'], [], addresses.v6],
  ] as const)(
    'in %s with only %j captured, without %j, go to no server that may be real',
    (...[family, cidrs, excludedCidrs, address]) => {
      expect(testAddress({ cidrs, excludedCidrs }, family)).toBe(address);
      if (address !== undefined) expect(isTestAddress(address)).toBe(true);
    },
  );

  test('are captured by a rule of their own where only some destinations are', () => {
    expect(addedAddress({ cidrs: [], excludedCidrs: [] }, 'v4')).toBeUndefined();
    expect(addedAddress({ cidrs: ['10.0.0.1'], excludedCidrs: [] }, 'v4')).toBe(addresses.v4);
    expect(addedAddress({ cidrs: ['10.0.0.1'], excludedCidrs: ['fd00::1'] }, 'v6')).toBeUndefined();
    expect(addedAddress({ cidrs: [], excludedCidrs: ['fd00::1'] }, 'v6')).toBe(addresses.v6);
  });
});

test.each([
  [[], [], undefined],
  [['1000-1010'], [], 1000],
  [[], ['1000'], undefined],
  [[], ['0'], 65_534],
  [[], ['0-999', '65534'], 1000],
] as const)('of users %j without %j, one who is captured is %s', (uids, excluded, user) => {
  expect(capturedUser(uids, excluded)).toBe(user);
});

test('an address that is this machine’s own is not one to test with', () => {
  expect(selfTestAddress('v4', () => false)).toBe('192.0.2.2');
  expect(selfTestAddress('v4', (address) => address === '192.0.2.2')).toBe('198.51.100.2');
  expect(selfTestAddress('v6', (address) => address === '2001:db8::2')).toBe('2001:db8:ffff::2');
});

test.each(['', 'null', '[]', '{"nonce":1,"run":"x"}', '<html>'])('%s is no answer', (body) => {
  expect(readAnswer(body)).toBeUndefined();
});

test('an answer is read as it was written', () => {
  const answer = { nonce: 'ab', run: 'run', destination: { address: '192.0.2.2', port: 80 } };
  expect(readAnswer(JSON.stringify(answer))).toEqual(answer);
  expect(readAnswer('{"nonce":"ab","run":"run"}')?.destination).toBeNull();
});
