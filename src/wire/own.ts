import type { Destination } from '../exchange/destination.ts';
import { authorityOf } from '../exchange/destination.ts';
import { Failure } from '../exchange/failure.ts';
import type { Headers } from '../exchange/headers.ts';
import type { OwnAnswer } from './refuse.ts';
import { ownAnswer } from './refuse.ts';
import { refusalTo } from './refuse-grpc.ts';
import type { Target } from './target.ts';

/** What the wire asks before a request goes to an upstream. */
export interface OwnOptions {
  /** Answers requests for magneto's own host name, `magneto.local`. */
  readonly own: (
    path: string,
    destination: Destination,
  ) => { readonly type: string; readonly text: string } | undefined;
  /** Whether a destination is one of our own listeners (a loop). */
  readonly isOwn: (destination: Destination) => boolean;
  /** Told of failures that concern no exchange: malformed HTTP, unknown destinations, loops. */
  readonly onFailure: (failure: Failure) => void;
}

/** The name under which magneto itself answers through the proxy. */
export const ownHost = 'magneto.local';

/** What a request asks for, and its headers: they say in which protocol it wants to be refused. */
export interface Asking {
  readonly target: Target | Failure;
  readonly headers: () => Headers;
}

/** The target of a request, or the answer that magneto gives itself. */
export function settle(options: OwnOptions, { target, headers }: Asking): Target | OwnAnswer {
  const refused = (failure: Failure): OwnAnswer => {
    options.onFailure(failure);
    return refusalTo(headers(), failure);
  };
  if (target instanceof Failure) return refused(target);
  if (target.destination.host === ownHost) return ownPage(options, target);
  if (options.isOwn(target.destination)) {
    const where = authorityOf(target.destination);
    return refused(new Failure('DESTINATION_IS_PROXY', `${where} is this proxy`));
  }
  return target;
}

function ownPage(options: OwnOptions, { path, destination }: Target): OwnAnswer {
  const page = options.own(path, destination);
  if (page !== undefined) return ownAnswer(200, page.text, [['Content-Type', page.type]]);
  return ownAnswer(404, `magneto has /ca.pem here, not ${path}\n`, [
    ['Content-Type', 'text/plain'],
  ]);
}
