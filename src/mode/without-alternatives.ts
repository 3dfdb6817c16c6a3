import type { Exchange } from '../exchange/exchange.ts';
import type { Headers } from '../exchange/headers.ts';
import type { ResponseHead } from '../exchange/http.ts';
import type { Upstream } from '../exchange/upstream.ts';
import { withChanges } from '../exchange/changes.ts';

/**
 * An upstream that tells captured clients of no other way to a server (Alt-Svc, RFC 7838): over QUIC,
 * or on another port, their next connection would not be captured. It is the one header that is not
 * passed on. Who was told of a proxy goes on using it, and gets the header as it was sent.
 */
export function withoutAlternatives(upstream: Upstream): Upstream {
  return {
    offer: upstream.offer,
    async open(exchange) {
      if (exchange.kind === 'stream' || exchange.destination.address === undefined) {
        return upstream.open(exchange);
      }
      const inform = (head: ResponseHead): void => exchange.inform(withoutAlternative(head));
      const answer = await upstream.open(withChanges<Exchange>(exchange, { inform }));
      const { head } = answer;
      if (head === undefined || !head.headers.some(isAlternative)) return answer;
      return withChanges(answer, { head: withoutAlternative(head) });
    },
  };
}

function withoutAlternative(head: ResponseHead): ResponseHead {
  return { ...head, headers: head.headers.filter((header) => !isAlternative(header)) };
}

/** `clear` sends clients back to where they are captured. */
function isAlternative([name, value]: Headers[number]): boolean {
  return name.toLowerCase() === 'alt-svc' && value.trim().toLowerCase() !== 'clear';
}
