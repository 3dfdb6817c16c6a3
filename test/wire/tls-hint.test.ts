import { expect, test } from '@jest/globals';
import { tlsHint } from '../../src/wire/tls-hint.ts';

test.each([
  ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'tlsv1 alert protocol version', ['LEGACY']],
  ['ERR_SSL_UNSUPPORTED_PROTOCOL', 'unsupported protocol', ['LEGACY']],
  ['ERR_SSL_UNSAFE_LEGACY_RENEGOTIATION_DISABLED', '', ['LEGACY']],
  ['ERR_SSL_DH_KEY_TOO_SMALL', 'dh key too small', ['LEGACY']],
  ['UNSPECIFIED', 'EE certificate key too weak', ['LEGACY']],
  ['UNSPECIFIED', 'CA md too weak', ['LEGACY']],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', '', ['CLIENT']],
  ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', '', ['CLIENT', 'LEGACY']],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate', []],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'no such name', []],
])('%s (%s) calls for %j', (code, reason, wanted) => {
  const hint = tlsHint({ host: 'a.test', code, reason }) ?? '';
  expect(hint.includes('MAGNETO_UPSTREAM_LEGACY_TLS_HOSTS=a.test')).toBe(wanted.includes('LEGACY'));
  expect(hint.includes('MAGNETO_UPSTREAM_CLIENT_CERTS=a.test=')).toBe(wanted.includes('CLIENT'));
});
