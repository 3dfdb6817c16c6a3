import type { Runtime } from './runtime.ts';

/** Where a client finds what it is to trust. */
export interface TrustFiles {
  /** The CA certificate. */
  readonly certificateFile: string;
  /** The folder of the trust kit, as applications see it; nothing where none is written. */
  readonly trustDir: string | undefined;
}

/**
 * The line that makes a runtime trust the CA. Variables that replace the roots of a runtime get the
 * bundle where there is one; those that add to them the CA alone.
 */
export function remedyFor(runtime: Runtime, { certificateFile, trustDir }: TrustFiles): string {
  const ca = trustDir === undefined ? certificateFile : `${trustDir}/ca.pem`;
  const bundle = trustDir === undefined ? certificateFile : `${trustDir}/bundle.pem`;
  switch (runtime) {
    case 'Node':
      return `NODE_EXTRA_CA_CERTS=${ca}`;
    case 'Python':
      return `SSL_CERT_FILE=${bundle} and REQUESTS_CA_BUNDLE=${bundle}`;
    case 'Java':
      return trustDir === undefined
        ? `keytool -importcert -noprompt -cacerts -storepass changeit -alias magneto -file ${ca}`
        : `JAVA_TOOL_OPTIONS="-Djavax.net.ssl.trustStore=${trustDir}/truststore.p12 -Djavax.net.ssl.trustStorePassword=changeit"`;
    case 'curl':
      return `CURL_CA_BUNDLE=${bundle}`;
    case 'Go':
    case 'OpenSSL':
      return `SSL_CERT_FILE=${bundle}`;
    case 'rustls':
      return `SSL_CERT_FILE=${bundle}, which those with built-in roots do not read`;
    case 'GnuTLS':
      return `GIT_SSL_CAINFO=${bundle} (git), --ca-certificate=${bundle} (wget), or the system's store`;
    case 'Chromium':
    case 'Firefox':
      return `import ${ca} as an authority in its settings`;
    case 'unknown':
      return `let it trust ${ca}`;
  }
}
