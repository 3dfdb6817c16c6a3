import { expect, test } from '@jest/globals';
import { remedyFor } from '../../src/intake/remedy.ts';
import type { Runtime } from '../../src/intake/runtime.ts';

const kit = { certificateFile: '/certs/ca.pem', trustDir: '/trust' };
const alone = { certificateFile: '/certs/ca.pem', trustDir: undefined };

test.each<[Runtime, string, string]>([
  ['Node', 'NODE_EXTRA_CA_CERTS=/trust/ca.pem', 'NODE_EXTRA_CA_CERTS=/certs/ca.pem'],
  [
    'Python',
    'SSL_CERT_FILE=/trust/bundle.pem and REQUESTS_CA_BUNDLE=/trust/bundle.pem',
    'SSL_CERT_FILE=/certs/ca.pem and REQUESTS_CA_BUNDLE=/certs/ca.pem',
  ],
  ['Go', 'SSL_CERT_FILE=/trust/bundle.pem', 'SSL_CERT_FILE=/certs/ca.pem'],
  ['OpenSSL', 'SSL_CERT_FILE=/trust/bundle.pem', 'SSL_CERT_FILE=/certs/ca.pem'],
  ['curl', 'CURL_CA_BUNDLE=/trust/bundle.pem', 'CURL_CA_BUNDLE=/certs/ca.pem'],
  ['unknown', 'let it trust /trust/ca.pem', 'let it trust /certs/ca.pem'],
])('%s: %s', (runtime, withKit, without) => {
  expect(remedyFor(runtime, kit)).toBe(withKit);
  expect(remedyFor(runtime, alone)).toBe(without);
});

test.each<[Runtime, RegExp, RegExp]>([
  [
    'Java',
    /^JAVA_TOOL_OPTIONS=.*trustStore=\/trust\/truststore\.p12 .*changeit"$/,
    /^keytool .*\/certs\/ca\.pem$/,
  ],
  ['GnuTLS', /GIT_SSL_CAINFO=\/trust\/bundle\.pem/, /--ca-certificate=\/certs\/ca\.pem/],
  ['rustls', /^SSL_CERT_FILE=\/trust\/bundle\.pem, /, /^SSL_CERT_FILE=\/certs\/ca\.pem, /],
  ['Chromium', /import \/trust\/ca\.pem/, /import \/certs\/ca\.pem/],
  ['Firefox', /import \/trust\/ca\.pem/, /import \/certs\/ca\.pem/],
])('%s', (runtime, withKit, without) => {
  expect(remedyFor(runtime, kit)).toMatch(withKit);
  expect(remedyFor(runtime, alone)).toMatch(without);
});
