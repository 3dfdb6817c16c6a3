import * as grpc from '@grpc/grpc-js';
import { bytesIn, withLength } from '../../src/support/protobuf-wire.ts';
import type { Via } from './client.ts';

/** A real gRPC server; messages hold one text, as field 1. */
export interface GrpcOrigin {
  readonly port: number;
  /** How many calls have reached it. */
  saw(): number;
  stop(): Promise<void>;
}

/** What a service does, by the name of its method. */
export interface Methods {
  readonly [name: string]:
    | { readonly unary: grpc.handleUnaryCall<string, string> }
    | { readonly upload: grpc.handleClientStreamingCall<string, string> }
    | { readonly stream: grpc.handleServerStreamingCall<string, string> }
    | { readonly talk: grpc.handleBidiStreamingCall<string, string> };
}

const write = (text: string): Buffer => withLength(1, Buffer.from(text));
const read = (message: Buffer): string => String(bytesIn(message, 1)[0] ?? '');

const codec = {
  requestSerialize: write,
  requestDeserialize: read,
  responseSerialize: write,
  responseDeserialize: read,
};

/** Messages as they are, each character a byte: for methods of other services, named by their paths. */
const rawCodec = {
  requestSerialize: (text: string) => Buffer.from(text, 'latin1'),
  requestDeserialize: (bytes: Buffer) => bytes.toString('latin1'),
  responseSerialize: (text: string) => Buffer.from(text, 'latin1'),
  responseDeserialize: (bytes: Buffer) => bytes.toString('latin1'),
};

const service = 'chat.Chat';

/** Starts a server on a free port, in the clear or with the key and certificate given (PEM). */
export async function startGrpc(
  methods: Methods,
  tls?: { readonly key: Buffer; readonly certificate: Buffer },
): Promise<GrpcOrigin> {
  let count = 0;
  const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 });
  const definition: Record<string, grpc.MethodDefinition<string, string>> = {};
  const handlers: Record<string, grpc.UntypedHandleCall> = {};
  for (const [name, method] of Object.entries(methods)) {
    const [kind = '', handler] = Object.entries(method)[0] ?? [];
    const isPath = name.startsWith('/');
    definition[name] = {
      path: isPath ? name : `/${service}/${name}`,
      requestStream: kind === 'upload' || kind === 'talk',
      responseStream: kind === 'stream' || kind === 'talk',
      ...(isPath ? rawCodec : codec),
    };
    handlers[name] = (...call: unknown[]) => {
      count += 1;
      Reflect.apply(handler as grpc.UntypedHandleCall, undefined, call);
    };
  }
  server.addService(definition, handlers);
  const credentials =
    tls === undefined
      ? grpc.ServerCredentials.createInsecure()
      : grpc.ServerCredentials.createSsl(null, [
          { private_key: tls.key, cert_chain: tls.certificate },
        ]);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('localhost:0', credentials, (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { port, saw: () => count, stop: async () => server.forceShutdown() };
}

/** A client that asks through the proxy, in the clear or over TLS where it is told whom to trust (PEM). */
export function grpcClient(
  via: Via,
  port: number,
  { trusted, options }: { readonly trusted?: Buffer; readonly options?: grpc.ClientOptions } = {},
): grpc.Client {
  const credentials =
    trusted === undefined ? grpc.credentials.createInsecure() : grpc.credentials.createSsl(trusted);
  return new grpc.Client(`127.0.0.1:${via.proxyPort}`, credentials, {
    'grpc.http_connect_target': `dns:localhost:${port}`,
    'grpc.ssl_target_name_override': 'localhost',
    'grpc.default_authority': `localhost:${port}`,
    'grpc.max_receive_message_length': -1,
    'grpc.enable_retries': 0,
    ...options,
  });
}

/** How a call ended, and all that was heard in it. */
export interface Heard {
  readonly messages: readonly string[];
  readonly initial: Readonly<Record<string, unknown>>;
  readonly code: grpc.status;
  readonly details: string;
  readonly trailing: Readonly<Record<string, unknown>>;
}

interface Asking {
  readonly metadata?: grpc.Metadata;
  readonly deadlineMs?: number;
  /** Called at each message; may speak, or cancel. */
  readonly onMessage?: (text: string, call: grpc.ClientDuplexStream<string, string>) => void;
  /** Whether the client goes on speaking after what it says at first (no). */
  readonly open?: boolean;
}

/** Makes a call of any of the four types: on the wire they are the same. The method comes first, then what the client says. */
export function ask(
  client: grpc.Client,
  [method, ...says]: readonly [method: string, ...says: readonly string[]],
  { metadata = new grpc.Metadata(), deadlineMs = 20_000, onMessage, open }: Asking = {},
): Promise<Heard> {
  const call = client.makeBidiStreamRequest(`/${service}/${method}`, write, read, metadata, {
    deadline: Date.now() + deadlineMs,
  });
  const messages: string[] = [];
  let initial: Heard['initial'] = {};
  call.on('metadata', (head: grpc.Metadata) => (initial = mapOf(head)));
  call.on('data', (text: string) => {
    messages.push(text);
    onMessage?.(text, call);
  });
  call.on('error', () => {});
  for (const text of says) call.write(text);
  if (open !== true) call.end();
  return new Promise((resolve) => {
    call.on('status', ({ code, details, metadata: trailing }) =>
      resolve({ messages, initial, code, details, trailing: mapOf(trailing) }),
    );
  });
}

function mapOf(metadata: grpc.Metadata): Readonly<Record<string, unknown>> {
  const { date: _date, ...rest } = metadata.getMap();
  return rest;
}
