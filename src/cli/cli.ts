import { Failure, failureLine } from '../exchange/failure.ts';
import { nearest } from '../support/edit-distance.ts';
import { doctor } from './doctor.ts';
import { health } from './health.ts';
import type { Streams } from './log.ts';
import { route } from './route.ts';
import { rules } from './rules.ts';
import { serve } from './serve.ts';
import { trust } from './trust.ts';
import { verify } from './verify.ts';
import { version } from './version.ts';

export { logTo } from './log.ts';
export type { Streams } from './log.ts';
export { bugStatus } from './serve.ts';

/**
 * Runs a command line (without interpreter and script) to its end, and gives the exit status: see
 * docs/failures.md. Only a bug makes it reject; a Failure is one line on standard error and status 2.
 */
export async function run(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
  streams: Streams,
): Promise<number> {
  try {
    // Verbs with words and flags of their own.
    const asksForHelp = argv.includes('--help') || argv.includes('-h');
    if (asksForHelp && verbsWithWords.some((verb) => verb === argv[0])) {
      return await runVerb('help', env, streams);
    }
    if (argv[0] === 'rules' && argv[1] === 'route') {
      return await route({ streams, words: argv.slice(2) });
    }
    if (argv[0] === 'rules' && argv[1] === 'verify') {
      return await verify({ env, streams, words: argv.slice(2) });
    }
    if (argv[0] === 'doctor') return await doctor({ env, streams, words: argv.slice(1) });
    if (argv[0] === 'rules') return await rules({ env, streams, words: argv.slice(1) });
    if (argv[0] === 'trust') return await trust({ env, streams, words: argv.slice(1) });
    return await runVerb(verbOf(argv), env, streams);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    streams.stderr.write(`magneto: ${failureLine(error)}\n`);
    return 2;
  }
}

const verbs = ['serve', 'health', 'version', 'help'] as const;
const verbsWithWords = ['rules', 'trust', 'doctor'] as const;

type Verb = (typeof verbs)[number];

const flags: Readonly<Record<string, Verb>> = {
  '--help': 'help',
  '-h': 'help',
  '--version': 'version',
  '-v': 'version',
};

async function runVerb(verb: Verb, env: NodeJS.ProcessEnv, streams: Streams): Promise<number> {
  switch (verb) {
    case 'serve':
      return serve({ env, streams, edge: process });
    case 'health':
      return health({ env, stdout: streams.stdout });
    case 'version':
      streams.stdout.write(`magneto ${version}\n`);
      return 0;
    case 'help':
      streams.stdout.write(help);
      return 0;
  }
}

/** What a command line asks for: a verb, or one of the two flags anywhere. */
function verbOf(argv: readonly string[]): Verb {
  const [name = 'serve', ...rest] = argv.filter((word) => !Object.hasOwn(flags, word));
  const verb = verbs.find((known) => known === name);
  if (verb === undefined) throw unknownWord(name);
  if (rest[0] !== undefined) {
    throw new Failure('COMMAND_UNKNOWN', `${verb} takes nothing, and was given ${quoted(rest[0])}`);
  }
  const flag = argv.find((word) => Object.hasOwn(flags, word));
  return flag === undefined ? verb : (flags[flag] ?? verb);
}

function unknownWord(word: string): Failure {
  const isFlag = word.startsWith('-');
  const near = nearest(word, isFlag ? Object.keys(flags) : [...verbs, ...verbsWithWords]) ?? '';
  const kind = isFlag ? 'flag' : 'verb';
  return new Failure('COMMAND_UNKNOWN', `there is no ${kind} ${quoted(word)} (nearest: ${near})`);
}

function quoted(word: string): string {
  return JSON.stringify(word.length > 80 ? `${word.slice(0, 80)}…` : word);
}

const help = `magneto ${version}: records what programs say to the network, and replays it

Usage: magneto [serve | health | rules | trust | doctor | version]

  serve     serve until SIGTERM or SIGINT; what is done without a verb
  health    ask a serving magneto whether it is ready: exit status 0, or 1
  version   print the version
  --help    print this

  rules print | apply | remove | check | count
            the kernel rules of transparent capture (Linux, as root). Exempt is what runs as
            --uid N (yours) and --gid N (48889), both. Settings stand for the other flags:
            --port, --dns-port, --ports N,N|all (beside 80 and 443), --exclude-ports, --cidrs,
            --exclude-cidrs, --uids, --exclude-uids, --gateway, --udp, --seal, --iptables
  rules route --via ADDRESS|NAME
            make a magneto with MAGNETO_GATEWAY the only way out of this network (as root)
  rules verify [--wait]
            a test connection on each captured port; --wait: as soon as a proxy serves

  trust write [FOLDER]
            write what applications need to trust the CA: to FOLDER, or MAGNETO_TRUST_DIR
  trust rotate [--overlap-days N]
            make a new CA; who trusts only the old one is served for N days (30)

  doctor [--json] [--bundle FILE]
            what works between an application and magneto, seen from here, and what to add;
            --bundle writes all of it into one file for a bug report, secrets masked

It is configured by environment variables, such as

  MAGNETO_MODE            auto | record | replay | passthrough | hybrid (auto)
  MAGNETO_CASSETTE_NAME   the cassette to record to and replay from (default)
  MAGNETO_CASSETTE_DIR    where cassettes are kept (./cassettes)
  MAGNETO_PORT            the port of the proxy (8888)

docs/configuration.md has them all, docs/failures.md the failures and the exit statuses:

  0  all went well
  1  a recording failed, or stopping did; not ready (health); rules differ (rules check); a layer
     fails (doctor)
  2  it could not start, or what was asked for could not be done
  3  a strict replay missed something
  4  the self-test of the rules failed
`;
