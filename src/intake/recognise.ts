import type { ReadHello } from './client-hello.ts';
import { parseClientHello } from './client-hello.ts';
import { detect } from './detect.ts';
import { beginsOldHello, readOldHello } from './old-hello.ts';

/** What a client speaks, told by its first bytes. */
export type Recognised =
  | { readonly kind: 'http' | 'http2' | 'raw' | 'brokenHello' }
  | ({ readonly kind: 'tls' } & ReadHello);

/** Recognises the protocol; with TLS also what the hello asks for. At most `helloBytesMax` bytes are needed. */
export function recognise(bytes: Buffer): Recognised | 'more' {
  const detected = detect(bytes);
  if (detected === 'more') return 'more';
  if (detected.kind !== 'tls') return { kind: detected.kind };
  const isOld = beginsOldHello(bytes) === true;
  const read = isOld ? readOldHello(bytes) : parseClientHello(bytes);
  if (read === 'more') return 'more';
  return read === 'broken' ? { kind: 'brokenHello' } : { kind: 'tls', ...read };
}
