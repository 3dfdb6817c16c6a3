import protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor.js';
import type { Ignored } from './protobuf-wire.ts';

/** What is known of the messages of services. */
export interface Protos {
  /** The type of what a side says in a method (`/package.Service/Method`). */
  readonly typeOf: (path: string, side: 'client' | 'server') => ProtoType | undefined;
  /** Whether there is a field of that name (`package.Message.field`). */
  readonly has: (field: string) => boolean;
  /** Adds what a server told of itself: serialized FileDescriptorProtos. @throws Error for what is none */
  readonly learn: (files: readonly Buffer[]) => void;
}

/** One type of message. */
export interface ProtoType {
  /** With its package. */
  readonly name: string;
  /** Plain objects, names as in the file; nothing where the bytes are no such message. */
  readonly decode: (message: Buffer) => unknown;
  /** @throws Error where the value is no such message */
  readonly encode: (value: unknown) => Buffer;
  /** The fields of it, and of messages within it, whose name (`package.Message.field`) is among these. */
  readonly ignored: (names: ReadonlySet<string>) => Ignored;
}

/** A file that services are described in. */
export interface ProtoFile {
  /** As an import names it, counted from a folder that was given. */
  readonly name: string;
  readonly content: Buffer;
}

/**
 * What `.proto` files (with what they import of each other) and binary descriptor sets say.
 * @throws Error that names the file
 */
export function createProtos(files: readonly ProtoFile[]): Protos {
  const texts = files.filter(({ name }) => name.endsWith('.proto'));
  const roots = texts.length === 0 ? [] : [parseAll(texts)];
  for (const { name, content } of files) {
    if (!name.endsWith('.proto')) roots.push(naming(name, () => fromSet(content)));
  }
  return {
    typeOf: (path, side) => {
      for (const root of roots) {
        const type = typeIn(root, path, side);
        if (type !== undefined) return type;
      }
      return undefined;
    },
    has: (field) => roots.some((root) => isField(root, field)),
    learn: (told) => void roots.push(fromSet(Buffer.concat(told.map(inSet)))),
  };
}

function parseAll(texts: readonly ProtoFile[]): protobuf.Root {
  const root = new protobuf.Root();
  const known = new Map(texts.map(({ name, content }) => [name, content]));
  const done = new Set<string>();
  const add = (name: string, by: string): void => {
    if (done.has(name)) return;
    done.add(name);
    const content = known.get(name) ?? known.get([...known.keys()].find(endsWith(name)) ?? '');
    if (content === undefined) {
      const common = protobuf.common.get(name)?.nested;
      if (common === undefined) throw new Error(`${by}: imports ${name}, which is not there`);
      root.addJSON(common);
      return;
    }
    const parsed = naming(name, () => protobuf.parse(content.toString(), root, { keepCase: true }));
    for (const other of [...(parsed.imports ?? []), ...(parsed.weakImports ?? [])])
      add(other, name);
  };
  for (const { name } of texts) if (![...done].some(endsWith(name))) add(name, name);
  naming('imports', () => root.resolveAll());
  return root;
}

/** A folder may have been given that stands above the one that imports are counted from. */
function endsWith(name: string): (known: string) => boolean {
  return (known) => known.endsWith(`/${name}`) || known === name || name.endsWith(`/${known}`);
}

function naming<Made>(name: string, make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new Error(`${name}: ${words}`, { cause: error });
  }
}

function fromSet(content: Buffer): protobuf.Root {
  const set = descriptor.FileDescriptorSet.decode(content) as unknown;
  const root = protobuf.Root.fromDescriptor(set as descriptor.IFileDescriptorSet, {
    keepCase: true,
  });
  root.resolveAll();
  return root;
}

/** A FileDescriptorSet is its files, each as field 1. */
function inSet(file: Buffer): Buffer {
  return Buffer.from(protobuf.Writer.create().uint32(10).bytes(file).finish());
}

function typeIn(
  root: protobuf.Root,
  path: string,
  side: 'client' | 'server',
): ProtoType | undefined {
  const [, service = '', method = ''] = path.split('/');
  try {
    const found = root.lookupService(service).methods[method];
    found?.resolve();
    const type = side === 'client' ? found?.resolvedRequestType : found?.resolvedResponseType;
    return type === undefined || type === null ? undefined : protoType(type);
  } catch {
    return undefined;
  }
}

function isField(root: protobuf.Root, name: string): boolean {
  const [, message = '', field = ''] = /^(.*)\.([^.]+)$/.exec(name) ?? [];
  const type = root.lookup(message, protobuf.Type);
  return type instanceof protobuf.Type && type.fields[field] !== undefined;
}

function protoType(type: protobuf.Type): ProtoType {
  return {
    name: nameOf(type),
    decode(message) {
      try {
        return type.toObject(type.decode(message), shown);
      } catch {
        return undefined;
      }
    },
    encode(value) {
      if (typeof value !== 'object' || value === null) throw new Error('is no object');
      const wrong = type.verify(value);
      const message = type.fromObject(value);
      if (wrong !== null && type.verify(message) !== null) throw new Error(wrong);
      return Buffer.from(type.encode(message).finish());
    },
    ignored: (names) => ignoredIn(type, names),
  };
}

const shown: protobuf.IConversionOptions = {
  longs: String,
  enums: String,
  bytes: String,
  json: true,
  oneofs: false,
};

function nameOf(thing: protobuf.ReflectionObject): string {
  return thing.fullName.replace(/^\./, '');
}

/** Made only as deep as messages are: types may hold each other. */
function ignoredIn(type: protobuf.Type, names: ReadonlySet<string>): Ignored {
  const fields = new Map<number, 'ignored' | (() => Ignored)>();
  for (const field of type.fieldsArray) {
    const inner = field.resolve().resolvedType;
    if (names.has(nameOf(field))) fields.set(field.id, 'ignored');
    else if (inner instanceof protobuf.Type && !field.map) {
      fields.set(field.id, () => ignoredIn(inner, names));
    }
  }
  return { fields };
}
