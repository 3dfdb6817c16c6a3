import type { Option } from './option.ts';
import * as values from './values.ts';

/** What a run does, and what it keeps. */
export const runOptions = {
  mode: {
    env: 'MAGNETO_MODE',
    takes: values.words.mode.join(' | '),
    default: 'auto',
    doc: 'What answers a client: the network, a cassette, or one after the other. `auto` replays a complete cassette and records where there is none.',
    reason:
      'With `auto` the first run records and every later one replays, without a change of anything.',
    parse: values.word('mode'),
    words: values.words.mode,
  },
  cassetteName: {
    env: 'MAGNETO_CASSETTE_NAME',
    takes: 'a relative name without `..`, with folders if you like (`login/ok`)',
    default: 'default',
    doc: 'The cassette to record to and to replay from, without its file extension.',
    reason: 'One cassette a test or a suite keeps recordings small and their changes readable.',
    parse: values.cassetteName,
    failure: 'CASSETTE_NAME_INVALID',
  },
  cassetteDir: {
    env: 'MAGNETO_CASSETTE_DIR',
    takes: 'a folder',
    default: './cassettes',
    doc: 'Where cassettes are kept. It need not exist, and need be writable only for recording.',
    reason: 'Cassettes belong into version control, beside the tests that use them.',
    parse: values.path,
  },
  cassetteFormat: {
    env: 'MAGNETO_CASSETTE_FORMAT',
    takes: values.words.cassetteFormat.join(' | '),
    default: 'json',
    doc: 'How a new cassette is written. Reading goes by the file that is there.',
    reason:
      'JSON can be read and compared by people; the others are smaller, with the same content.',
    parse: values.word('cassetteFormat'),
    words: values.words.cassetteFormat,
  },
  cassetteWait: {
    env: 'MAGNETO_CASSETTE_WAIT',
    takes: 'true | false',
    default: 'false',
    doc: 'Whether a replay may start without its cassette: it is ready then, and opens the cassette at the first exchange after it has come to be there.',
    reason:
      'A service container of a CI job starts before the files of the job exist; elsewhere a missing cassette is a mistake to be told at once.',
    parse: values.truth,
    words: ['true', 'false'],
  },
  onMiss: {
    env: 'MAGNETO_ON_MISS',
    takes: values.words.onMiss.join(' | '),
    default: 'fail',
    doc: 'What a replay does with a request that the cassette does not have. Without effect in the modes `record`, `passthrough` and `hybrid`.',
    reason: 'A test that silently reaches the network is not the test that you wrote, so it fails.',
    parse: values.word('onMiss'),
    words: values.words.onMiss,
  },
  missStatus: {
    env: 'MAGNETO_MISS_STATUS',
    takes: '400 to 599',
    default: '502',
    doc: 'The HTTP status of the answer to a miss under `fail`.',
    reason:
      'An error that no recorded answer is likely to have; change it where a client treats 502 specially, by trying again for instance.',
    parse: values.whole(400, 599),
  },
  fsync: {
    env: 'MAGNETO_FSYNC',
    takes: values.words.fsync.join(' | '),
    default: 'interval',
    doc: 'When the write-ahead log of a recording is forced to the disk: before each answer ends, now and then, or not at all.',
    reason:
      'In every policy a killed process loses nothing that a client has read to its end; `always` holds even when the power goes, at the price of a disk write an answer.',
    parse: values.word('fsync'),
    words: values.words.fsync,
  },
  resume: {
    env: 'MAGNETO_RESUME',
    takes: 'true | false',
    default: 'false',
    doc: 'Whether a recording goes on with the unfinished take of one that was killed, instead of beginning anew.',
    reason:
      'Set by the transparent image when it starts a crashed proxy again: to the application it is one run.',
    parse: values.truth,
    words: ['true', 'false'],
  },
  otlpEndpoint: {
    env: 'MAGNETO_OTLP_ENDPOINT',
    takes: 'http://host:port or https://…',
    default: '',
    doc: 'An OpenTelemetry collector that is told of each exchange as a span (OTLP over HTTP, below `/v1/traces`). A `traceparent` of the client is its parent, and goes on to the server as it came.',
    reason:
      'Off unless you have a collector: it is a connection of magneto to the outside, in a replay as well.',
    parse: values.httpUrl,
  },
  logLevel: {
    env: 'MAGNETO_LOG_LEVEL',
    takes: values.words.logLevel.join(' | '),
    default: 'info',
    doc: 'The log on standard output (JSON, a line an event). One line an exchange at `info`, headers at `debug`, bodies never.',
    reason: 'One line an exchange is what one looks for when a test fails.',
    parse: values.word('logLevel'),
    words: values.words.logLevel,
  },
} as const satisfies Record<string, Option<unknown>>;
