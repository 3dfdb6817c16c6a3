import type { PerMessageDeflateOptions } from 'ws';
import type { Headers } from '../exchange/headers.ts';
import { headerValue } from '../exchange/headers.ts';

/**
 * The compression (RFC 7692) that was agreed on when a session was recorded, so far as the offer of
 * this client lets it be agreed on again; false where there was none.
 */
export function compressionOf(
  recorded: Headers,
  offer: string | undefined,
): false | PerMessageDeflateOptions {
  const agreed = deflateIn(headerValue(recorded, extensions));
  if (agreed === undefined) return false;
  const offered = deflateIn(offer);
  const serverBits = bitsOf(agreed, 'server_max_window_bits', 15);
  const clientBits = bitsOf(agreed, 'client_max_window_bits', 15);
  const fitsServer = (serverBits ?? 15) <= (bitsOf(offered, 'server_max_window_bits', 15) ?? 15);
  // A server may only limit the client where the client said that it can be limited (7.1.2.2).
  const fitsClient = (clientBits ?? 15) <= (bitsOf(offered, 'client_max_window_bits', 15) ?? 0);
  return {
    threshold: 0,
    // `false` would refuse a client that asks for it where the recorded one did not.
    ...(agreed.has('server_no_context_takeover') ? { serverNoContextTakeover: true } : {}),
    ...(agreed.has('client_no_context_takeover') ? { clientNoContextTakeover: true } : {}),
    ...(serverBits !== undefined && fitsServer ? { serverMaxWindowBits: serverBits } : {}),
    ...(clientBits !== undefined && fitsClient ? { clientMaxWindowBits: clientBits } : {}),
  };
}

const extensions = 'sec-websocket-extensions';

/** The parameters of the first permessage-deflate in a header. */
function deflateIn(header: string | undefined): ReadonlyMap<string, string> | undefined {
  const members = (header ?? '').split(',').map((member) => member.split(';').map(trimmed));
  const deflate = members.find(([name]) => name === 'permessage-deflate');
  return (
    deflate &&
    new Map(
      deflate.slice(1).map((parameter) => {
        const [name = '', value = ''] = parameter.split('=').map(trimmed);
        return [name, value.replaceAll('"', '')];
      }),
    )
  );
}

function trimmed(text: string): string {
  return text.trim().toLowerCase();
}

/** A number of bits from 8 to 15; `bare` where the parameter stands without one. */
function bitsOf(
  parameters: ReadonlyMap<string, string> | undefined,
  name: string,
  bare: number,
): number | undefined {
  const text = parameters?.get(name);
  if (text === undefined) return undefined;
  if (text === '') return bare;
  const bits = Number(text);
  return Number.isInteger(bits) && bits >= 8 && bits <= 15 ? bits : undefined;
}
