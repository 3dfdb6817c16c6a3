import { authorityOf } from './destination.ts';
import { Failure } from './failure.ts';

/** What an address was to be listened on for, where, and the error of Node that kept it from it. */
export interface NotListening {
  readonly host: string;
  readonly port: number;
  /** Who wanted it, in words that go before the address (`the control plane`); nothing for the proxy. */
  readonly who?: string;
  readonly cause: unknown;
}

/** The failure of an address that cannot be listened on: PORT_TAKEN, or LISTEN_FAILED with Node's code. */
export function listenFailure({ host, port, who, cause }: NotListening): Failure {
  const code = codeOf(cause);
  const where = authorityOf({ host, port });
  const what = who === undefined ? where : `${who} cannot have ${where}`;
  if (code === 'EADDRINUSE') return new Failure('PORT_TAKEN', what, { cause });
  return new Failure('LISTEN_FAILED', `${what} (${code})`, { cause });
}

/** By shape, as errors also come from other realms. */
function codeOf(error: unknown): string {
  const { code } = Object(error) as { readonly code?: unknown };
  return typeof code === 'string' ? code : 'unknown';
}
