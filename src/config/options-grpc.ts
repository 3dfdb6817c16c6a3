import type { Option } from './option.ts';
import * as values from './values.ts';
import { grpcFields } from './values-run.ts';

/** What is known of the messages of gRPC services; without any of it they are recorded and replayed all the same. */
export const grpcOptions = {
  grpcProtos: {
    env: 'MAGNETO_GRPC_PROTOS',
    takes: '`.proto` files, binary descriptor sets, or folders of them, comma-separated',
    default: '',
    doc: 'What describes the messages of gRPC services, so that a cassette of JSON shows them decoded, and takes them edited by hand. Imports are looked for among all files that are named.',
    reason: 'Nothing of it is needed to record and replay; people read names rather than bytes.',
    parse: values.files,
  },
  grpcReflection: {
    env: 'MAGNETO_GRPC_REFLECTION',
    takes: 'true | false',
    default: 'false',
    doc: 'Whether a recording asks each gRPC server, once a service, what its messages are (gRPC server reflection).',
    reason: 'Off unless you ask for it: the server is asked what your application did not ask it.',
    parse: values.truth,
    words: ['true', 'false'],
  },
  grpcIgnore: {
    env: 'MAGNETO_GRPC_IGNORE',
    takes:
      'fields, comma-separated: `package.Message.field`, or by numbers `/package.Service/Method:1.2`',
    default: '',
    doc: 'Fields of gRPC requests that do not count when a recorded call is looked for. Names need `MAGNETO_GRPC_PROTOS`; numbers, from the outermost message inwards, need nothing.',
    reason: 'A time or an id that differs in each run would make each run miss.',
    parse: grpcFields,
  },
} as const satisfies Record<string, Option<unknown>>;
