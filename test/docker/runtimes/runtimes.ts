/** A client that was made by somebody who never heard of magneto, and how it is run. */
export interface Runtime {
  readonly name: string;
  /** Heavy ones take long to fetch or to build: continuous integration leaves them out. */
  readonly form: 'light' | 'heavy';
  /** A command that prints the version, and perhaps more. */
  readonly version: string;
  /** What of the trust kit it is told of: variables of `magneto.env`, or something else in words. */
  readonly told: { readonly variables: readonly string[] } | { readonly words: string };
  /** Whether it trusts what the system trusts and nothing else: `install-ca.sh` runs before it. */
  readonly installs?: true;
  /** Asks over HTTPS, and prints the answer. */
  readonly command: string;
}

const origin = 'https://api.test';
const programs = '/runtimes/programs';
const java = 'java -XX:TieredStopAtLevel=1 -cp "/runtimes/java:/runtimes/java/*"';

/** One that is told variables and nothing else. */
function runtime(
  name: string,
  variables: readonly string[],
  run: Pick<Runtime, 'version' | 'command'>,
): Runtime {
  return { name, form: 'light', told: { variables }, ...run };
}

function asks(path: string): string {
  return `${origin}/${path}`;
}

// Without its questions for SRV records: what a resolver makes of those is no business of this table.
const apt = `apt-get -qq -o Dir::Etc::SourceList=$HOME/sources.list -o Dir::Etc::SourceParts=/dev/null \
  -o Dir::State::Lists=$HOME/lists -o Dir::Cache=$HOME -o Acquire::Retries=0 -o Acquire::EnableSrvRecords=false -o APT::Sandbox::User=root`;

/** All that are tried; those that need the certificate in the system's own list come last. */
export const runtimes: readonly Runtime[] = [
  runtime('curl', ['CURL_CA_BUNDLE'], {
    version: 'curl --version',
    command: `curl --silent --show-error ${asks('curl')}`,
  }),
  runtime('wget', ['WGETRC'], {
    version: 'wget --version',
    command: `wget --no-verbose --tries=1 --output-document=- ${asks('wget')}`,
  }),
  runtime('Node fetch', ['NODE_EXTRA_CA_CERTS'], {
    version: 'node --version',
    command: `node ${programs}/ask.mjs ${asks('node')}`,
  }),
  ...(
    [
      ['requests', 'REQUESTS_CA_BUNDLE'],
      ['httpx', 'SSL_CERT_FILE'],
      ['aiohttp', 'SSL_CERT_FILE'],
    ] as const
  ).map(([library, variable]) =>
    runtime(`Python ${library}`, [variable], {
      version: `python3 -c 'import ${library}; print(${library}.__version__)'`,
      command: `python3 ${programs}/ask.py ${library} ${asks(library)}`,
    }),
  ),
  ...['HttpClient', 'HttpURLConnection'].map((client) =>
    runtime(`Java ${client}`, ['JAVA_TOOL_OPTIONS'], {
      version: 'java -version',
      command: `${java} Ask ${client} ${asks(client)}`,
    }),
  ),
  runtime('OkHttp, from Java', ['JAVA_TOOL_OPTIONS'], {
    version: 'cat /runtimes/java/okhttp.version',
    command: `${java} AskOkHttp ${asks('okhttp')}`,
  }),
  runtime('Go net/http', ['SSL_CERT_FILE'], {
    version: 'cat /runtimes/go.version',
    command: `/runtimes/ask-go ${asks('go')}`,
  }),
  runtime('Ruby Net::HTTP', ['SSL_CERT_FILE'], {
    version: 'ruby --version',
    command: `ruby ${programs}/ask.rb ${asks('ruby')}`,
  }),
  ...['curl', 'streams'].map((way) =>
    runtime(`PHP ${way}`, ['PHP_INI_SCAN_DIR'], {
      version: 'php --version',
      command: `php ${programs}/ask.php ${way} ${asks(`php-${way}`)}`,
    }),
  ),
  runtime('Perl LWP', ['PERL_LWP_SSL_CA_FILE'], {
    version: "perl -MLWP -e 'print LWP->VERSION'",
    command: `perl ${programs}/ask.pl ${asks('perl')}`,
  }),
  runtime('git, over smart HTTP', ['GIT_SSL_CAINFO'], {
    version: 'git --version',
    command: `git clone --quiet ${asks('git/lodestone.git')} $HOME/clone && cat $HOME/clone/line`,
  }),
  runtime('pip', ['PIP_CERT'], {
    version: 'pip --version',
    command: `pip --disable-pip-version-check --no-cache-dir --retries 0 install --quiet \
      --root-user-action ignore --target $HOME/site --index-url ${asks('pip/')} lodestone \
      && cat $HOME/site/lodestone/__init__.py`,
  }),
  runtime('npm', ['npm_config_cafile'], {
    version: 'npm --version',
    command: `npm install --silent --no-audit --no-fund --no-update-notifier --fetch-retries=0 \
      --prefix $HOME --registry ${asks('npm/')} lodestone \
      && cat $HOME/node_modules/lodestone/index.js`,
  }),
  runtime('apt', ['APT_CONFIG'], {
    version: 'apt-get --version',
    command: `mkdir -p $HOME/lists/partial $HOME/archives/partial && cd $HOME \
      && echo 'deb [trusted=yes] ${asks('apt')} ./' >sources.list \
      && ${apt} update && ${apt} download lodestone && dpkg-deb --field lodestone_*.deb Description`,
  }),
  {
    ...runtime('Rust ureq, rustls with native roots', ['SSL_CERT_FILE'], {
      version: 'grep -A1 \'name = "ureq"\' /runtimes/programs/rust/Cargo.lock',
      command: `/runtimes/ask-rust ${asks('rust')}`,
    }),
    form: 'heavy',
  },
  {
    ...runtime('Deno', ['DENO_CERT'], {
      version: 'deno --version',
      command: `deno run --quiet --allow-net ${programs}/ask.mjs ${asks('deno')}`,
    }),
    form: 'heavy',
  },
  {
    name: 'curl, by the list of the system',
    form: 'light',
    version: 'curl --version',
    told: { words: '`sh /trust/install-ca.sh`' },
    installs: true,
    command: `curl --silent --show-error ${asks('curl-system')}`,
  },
  {
    name: 'Mono HttpClient',
    form: 'heavy',
    version: 'mono --version',
    told: { words: '`sh /trust/install-ca.sh`, with `ca-certificates-mono`' },
    installs: true,
    command: `mono /runtimes/ask.exe ${asks('mono')}`,
  },
];

/** What could not be had where the table is made, and why. */
export const missing: readonly (readonly [name: string, why: string])[] = [
  [
    '.NET',
    'neither Debian nor a registry of packages brings its runtime; Mono stands for it above',
  ],
  ['Kotlin', 'its compiler was not fetched; OkHttp, which it would ask with, is asked from Java'],
];
