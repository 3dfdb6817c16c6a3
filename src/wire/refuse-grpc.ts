import type { Failure } from '../exchange/failure.ts';
import { grpcTrailers, grpcWebKind, isGrpc } from '../exchange/grpc.ts';
import type { Headers } from '../exchange/headers.ts';
import { headerValue } from '../exchange/headers.ts';
import type { OwnAnswer } from './refuse.ts';
import { refusal } from './refuse.ts';

/** The answer that tells whoever sent a request with these headers of a failure, in the protocol that it speaks. */
export function refusalTo(headers: Headers, failure: Failure, missStatus?: number): OwnAnswer {
  if (isGrpc(headers)) return trailersOnly(failure);
  const web = grpcWebKind(headers);
  return web === undefined ? refusal(failure, missStatus) : webTrailers(failure, { headers, web });
}

/** A gRPC client looks at the status of HTTP only where there is none of its own: so that is 200. */
function trailersOnly(failure: Failure): OwnAnswer {
  const body = Buffer.alloc(0);
  return { head: okay([['content-type', 'application/grpc'], ...grpcTrailers(failure)]), body };
}

/** gRPC-Web has its trailing metadata in the body, in a frame with a flag of its own. */
function webTrailers(
  failure: Failure,
  { headers, web }: { readonly headers: Headers; readonly web: 'binary' | 'text' },
): OwnAnswer {
  const lines = grpcTrailers(failure).map(([name, value]) => `${name}:${value}\r\n`);
  const words = Buffer.from(lines.join(''), 'latin1');
  const frame = Buffer.alloc(5 + words.length);
  frame.writeUInt8(trailersFlag, 0);
  frame.writeUInt32BE(words.length, 1);
  words.copy(frame, 5);
  const body = web === 'text' ? Buffer.from(frame.toString('base64')) : frame;
  const head = okay([
    ['Content-Type', headerValue(headers, 'content-type') ?? 'application/grpc-web+proto'],
    ['Content-Length', String(body.length)],
    ['X-Magneto-Failure', failure.code],
  ]);
  return { head, body };
}

const trailersFlag = 0x80;

function okay(headers: Headers): OwnAnswer['head'] {
  return { status: 200, statusText: 'OK', headers, httpVersion: '1.1' };
}
