import { createPrivateKey } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createLeafKeys } from '../../src/tls/leaf-keys.ts';

test('P-256 is there at once, RSA-2048 when it is asked for, once', async () => {
  const keys = createLeafKeys(true);
  expect(keys.ec.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  expect(createPrivateKey(keys.ec.privateKeyPem).asymmetricKeyType).toBe('ec');
  const [first, second] = await Promise.all([keys.rsa(), keys.rsa()]);
  expect(first).toBe(second);
  expect(first?.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2048);
});

test('no RSA where it would help nobody', async () => {
  expect(await createLeafKeys(false).rsa()).toBeUndefined();
});
