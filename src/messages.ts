import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Settings } from './config/config.ts';
import { Failure } from './exchange/failure.ts';
import type { Ignoring } from './support/grpc-ignored.ts';
import { ignoringFields } from './support/grpc-ignored.ts';
import type { ProtoFile, Protos } from './support/protos.ts';
import { errorCode, errorWords } from './support/system-error.ts';

/** What a run knows of the messages of gRPC services. */
export interface Messages {
  /** Nothing where no option asks for it: then the library that reads descriptors is not even loaded. */
  readonly types: Protos | undefined;
  /** A request without the fields that matching ignores; nothing where it ignores none. */
  readonly ignoring: Ignoring | undefined;
  /** Takes what a server tells of itself while it is recorded; nothing where none is to be asked. */
  readonly learn: Protos['learn'] | undefined;
}

type Named = Pick<Settings, 'grpcProtos' | 'grpcReflection' | 'grpcIgnore'>;

/** Reads what describes the messages of gRPC services. @throws Failure GRPC_PROTOS_INVALID */
export async function openMessages(settings: Named): Promise<Messages> {
  const { grpcProtos, grpcReflection, grpcIgnore } = settings;
  const types = grpcProtos.length > 0 || grpcReflection ? await read(grpcProtos) : undefined;
  const unknown = grpcIgnore.find((name) => !name.startsWith('/') && types?.has(name) !== true);
  // What a server tells is not known before it is asked, and not at all in a replay.
  if (unknown !== undefined) {
    throw invalid(`MAGNETO_GRPC_IGNORE names ${unknown}, which no file of MAGNETO_GRPC_PROTOS has`);
  }
  return {
    types,
    ignoring: ignoringFields(grpcIgnore, (path, side) => types?.typeOf(path, side)),
    learn: grpcReflection ? types?.learn : undefined,
  };
}

async function read(paths: readonly string[]): Promise<Protos> {
  const files = paths.flatMap((path) => filesOf(path));
  const { createProtos } = await import('./support/protos.ts');
  try {
    return createProtos(files);
  } catch (cause) {
    throw invalid(errorWords(cause), cause);
  }
}

function filesOf(path: string): readonly ProtoFile[] {
  try {
    if (!statSync(path).isDirectory()) return [fileAt(path, basename(path))];
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' }).toSorted();
    return names
      .filter((name) => /\.(?:proto|pb|binpb|protoset|desc)$/.test(name))
      .map((name) => fileAt(join(path, name), name));
  } catch (cause) {
    throw invalid(`${path} cannot be read (${errorCode(cause) ?? 'no path'})`, cause);
  }
}

function fileAt(path: string, name: string): ProtoFile {
  return { name, content: readFileSync(path) };
}

function invalid(words: string, cause?: unknown): Failure {
  return new Failure('GRPC_PROTOS_INVALID', words, { cause });
}
