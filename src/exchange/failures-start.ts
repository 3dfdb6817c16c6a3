import type { FailureEntry } from './failure.ts';

/** What can keep magneto from starting. */
export const startFailures = {
  OPTION_INVALID: {
    status: 0,
    title: 'An option has a value that it cannot have',
    remedy: 'see docs/configuration.md for the values it takes',
  },
  OPTION_UNKNOWN: {
    status: 0,
    title: 'A MAGNETO_* variable is not one that magneto knows',
    remedy: 'use the name that the message proposes, or remove the variable',
  },
  SEAL_CONTRADICTED: {
    status: 0,
    title: 'MAGNETO_SEAL closes the way out that another option needs',
    remedy: 'keep MAGNETO_SEAL for a replay that reaches nothing, or leave one of the two away',
  },
  OPTION_GIVEN_TWICE: {
    status: 0,
    title: 'A secret is given both as a value and as a file',
    remedy: 'remove one of the two variables',
  },
  OPTION_FILE_UNREADABLE: {
    status: 0,
    title: 'The file of a secret cannot be used',
    remedy:
      'check the path in the variable, that magneto’s user may read the file, and its content',
  },
  COMMAND_UNKNOWN: {
    status: 0,
    title: 'The command line has a verb or flag that magneto does not know',
    remedy: 'magneto --help lists them: serve, health, rules, trust, doctor, version',
  },
  CASSETTE_NOT_FOUND: {
    status: 0,
    title: 'There is no cassette of this name to replay',
    remedy:
      'record it first (MAGNETO_MODE=record), or check MAGNETO_CASSETTE_DIR and MAGNETO_CASSETTE_NAME',
  },
  CASSETTE_CORRUPT: {
    status: 0,
    title: 'The cassette cannot be read',
    remedy:
      'restore the file from version control, or remove it and record again; nothing was overwritten',
  },
  CASSETTE_BODY_MISSING: {
    status: 0,
    title: 'A body that the cassette keeps in a file of its own is not there, or has another size',
    remedy:
      'keep the folder NAME.bodies with the cassette when it is moved or committed, or record again',
  },
  CASSETTE_VERSION_UNKNOWN: {
    status: 0,
    title: 'The cassette was written by another version of the format',
    remedy: 'use a magneto that knows this version; this one reads 1.0, 2.0 and 2.1',
  },
  CASSETTE_NAME_INVALID: {
    status: 0,
    title: 'The name of the cassette is not usable',
    remedy: 'use a relative name without "..", such as checkout or login/ok',
  },
  CASSETTE_NAMES_CLASH: {
    status: 0,
    title: 'Two cassettes of one run would meet in the same file',
    remedy: 'give one of them another name in MAGNETO_CLIENTS or MAGNETO_CASSETTE_NAME',
  },
  CASSETTE_AMBIGUOUS: {
    status: 0,
    title: 'The cassette stands on disk in more than one format',
    remedy: 'keep one of the files and move the others away',
  },
  CASSETTE_UNWRITABLE: {
    status: 0,
    title: 'The cassette directory cannot be written',
    remedy: 'mount it writable for the user that magneto runs as, or use MAGNETO_MODE=replay',
  },
  CASSETTE_UNREADABLE: {
    status: 0,
    title: 'The cassette file cannot be opened',
    remedy: 'check that the user that magneto runs as may read it',
  },
  RECORDING_REFUSED_IN_CI: {
    status: 0,
    title: 'Under CI=true nothing is recorded by default, and there is no complete cassette',
    remedy: 'commit the cassette, or set MAGNETO_MODE=record to record on purpose',
  },
  PORT_TAKEN: {
    status: 0,
    title: 'The port is in use by another process',
    remedy:
      'stop that process, or choose another with MAGNETO_PORT, MAGNETO_CONTROL_PORT or MAGNETO_DNS_PORT',
  },
  LISTEN_FAILED: {
    status: 0,
    title: 'The address cannot be listened on',
    remedy: 'check MAGNETO_HOST and MAGNETO_CONTROL_HOST',
  },
  CA_INVALID: {
    status: 0,
    title: 'The CA certificate or its key cannot be used',
    remedy:
      'bring a matching ca.pem (a CA) and ca.key in MAGNETO_CERT_DIR, or remove both to have them made',
  },
  CA_UNWRITABLE: {
    status: 0,
    title: 'The CA certificate cannot be written',
    remedy: 'make MAGNETO_CERT_DIR writable, or bring ca.pem and ca.key',
  },
  CA_CONSTRAINTS_DIFFER: {
    status: 0,
    title: 'The CA may speak for other names than MAGNETO_CA_NAME_CONSTRAINTS says',
    remedy:
      'have a new CA made (magneto trust rotate), or take the option back; a CA that you brought has its own',
  },
  ROTATION_REFUSED: {
    status: 0,
    title: 'The CA cannot be rotated',
    remedy:
      'check MAGNETO_CERT_DIR; a CA that you brought is replaced by exchanging its ca.pem and ca.key',
  },
  TRUST_UNWRITABLE: {
    status: 0,
    title: 'The trust kit cannot be written',
    remedy: 'make MAGNETO_TRUST_DIR writable, or set it to nothing to do without the kit',
  },
  TRUST_FOLDER_PRIVATE: {
    status: 0,
    title: 'The folder of the trust kit, which applications read, holds the key of the CA',
    remedy: 'set MAGNETO_TRUST_DIR to a folder of its own, outside and beside MAGNETO_CERT_DIR',
  },
  UPSTREAM_CA_INVALID: {
    status: 0,
    title: 'A file of MAGNETO_UPSTREAM_CA cannot be used',
    remedy: 'name PEM files with certificates that magneto may read, or unset it',
  },
  UPSTREAM_CLIENT_CERT_INVALID: {
    status: 0,
    title: 'A client certificate of MAGNETO_UPSTREAM_CLIENT_CERTS, or its key, cannot be used',
    remedy: 'name a valid certificate and its key, as unencrypted PEM files that magneto may read',
  },
  GRPC_PROTOS_INVALID: {
    status: 0,
    title: 'What MAGNETO_GRPC_PROTOS names does not describe the messages of gRPC services',
    remedy: 'name .proto files with all that they import (or their folder), or a descriptor set',
  },
  BUNDLE_UNWRITABLE: {
    status: 0,
    title: 'The file for a bug report cannot be written',
    remedy:
      'name a file that is not there yet in a folder that may be written, or - for the standard output',
  },
  FILE_LIMIT_LOW: {
    status: 0,
    title: 'Fewer files may be open than so many connections need',
    remedy:
      'raise the limit (ulimits: nofile in compose, LimitNOFILE of systemd, ulimit -n), or lower MAGNETO_CONNECTIONS_MAX',
  },
} as const satisfies Record<string, FailureEntry>;
