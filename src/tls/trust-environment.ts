import { posix } from 'node:path';
import { storePassword } from './truststore.ts';

/** The files of a trust kit whose names stand in variables. */
export const kitFiles = {
  /** Our authorities alone: for what adds them to those it has. */
  authority: 'ca.pem',
  /** Ours and everyone's: for what believes nothing else when it is given. */
  bundle: 'bundle.pem',
  pkcs12: 'truststore.p12',
  wget: 'wgetrc',
  apt: 'apt.conf',
  php: 'magneto.ini',
} as const;

/** Variables that add to what a program trusts; checked against the programs' own documentation. */
const additive: readonly string[] = ['NODE_EXTRA_CA_CERTS', 'DENO_CERT'];

/** Variables in whose place a program believes nothing else. */
const replacing: readonly string[] = [
  'SSL_CERT_FILE',
  'CURL_CA_BUNDLE',
  'REQUESTS_CA_BUNDLE',
  'PIP_CERT',
  'npm_config_cafile',
  'GIT_SSL_CAINFO',
  'AWS_CA_BUNDLE',
  'CARGO_HTTP_CAINFO',
  'PERL_LWP_SSL_CA_FILE',
  'GRPC_DEFAULT_SSL_ROOTS_FILE_PATH',
];

const javaVariable = 'JAVA_TOOL_OPTIONS';
const phpVariable = 'PHP_INI_SCAN_DIR';

/** The texts of a kit that hold no certificate: variables in three forms, and three configurations. */
export function environmentFiles(folder: string): Readonly<Record<string, string>> {
  const set = plainVariables(folder);
  const java = javaOptions(folder).join(' ');
  // An empty member stands for the folders that PHP would read anyhow.
  const all = [...set, [javaVariable, java], [phpVariable, `:${folder}`]] as const;
  const lines = all.map(([name, value]) => `${name}=${value}\n`).join('');
  const bundle = posix.join(folder, kitFiles.bundle);
  return {
    'magneto.env': `# Trust in magneto, for env_file: and --env-file (docs/TRUST.md).\n${lines}`,
    'github.env': lines,
    'magneto.sh': shellForm(set, folder),
    [kitFiles.wget]: `ca_certificate = ${bundle}\n`,
    [kitFiles.apt]: `Acquire::https::CAInfo "${bundle}";\n`,
    [kitFiles.php]: `curl.cainfo = "${bundle}"\nopenssl.cafile = "${bundle}"\n`,
  };
}

type Variable = readonly [name: string, value: string];

function plainVariables(folder: string): readonly Variable[] {
  const file = (name: keyof typeof kitFiles): string => posix.join(folder, kitFiles[name]);
  return [
    ...additive.map((name): Variable => [name, file('authority')]),
    ...replacing.map((name): Variable => [name, file('bundle')]),
    // Most of wget is built on GnuTLS, which reads no variable of its own.
    ['WGETRC', file('wget')],
    ['APT_CONFIG', file('apt')],
  ];
}

/** Type and password as well: Java 8 would take the file for a JKS. */
function javaOptions(folder: string): readonly string[] {
  return [
    `-Djavax.net.ssl.trustStore=${posix.join(folder, kitFiles.pkcs12)}`,
    `-Djavax.net.ssl.trustStorePassword=${storePassword}`,
    '-Djavax.net.ssl.trustStoreType=PKCS12',
  ];
}

/** To be read by a POSIX shell: what others put into Java's and PHP's variable stays, and ours is there once. */
function shellForm(set: readonly Variable[], folder: string): string {
  const [store = ''] = javaOptions(folder);
  const java = javaOptions(folder).join(' ');
  return [
    '# Trust in magneto, for a shell: . magneto.sh (docs/TRUST.md).',
    ...set.map(([name, value]) => `export ${name}='${value}'`),
    `case " \${${javaVariable}-} " in`,
    `  *' ${store} '*) ;;`,
    `  *) export ${javaVariable}="\${${javaVariable}:+$${javaVariable} }${java}" ;;`,
    'esac',
    `case ":\${${phpVariable}-}:" in`,
    `  *':${folder}:'*) ;;`,
    `  *) export ${phpVariable}="\${${phpVariable}-}:${folder}" ;;`,
    'esac',
    '',
  ].join('\n');
}
