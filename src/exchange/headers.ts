/** Header fields in the order, case and repetition of the wire; values are latin1 strings. */
export type Headers = readonly (readonly [name: string, value: string])[];

/** Headers of a flat `[name, value, name, value]` list, as Node hands them out (`rawHeaders`). */
export function headersFromFlat(flat: readonly string[]): Headers {
  const pairs: [string, string][] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) pairs.push([flat[at] ?? '', flat[at + 1] ?? '']);
  return pairs;
}

/** The flat `[name, value, name, value]` list of some headers, as Node takes them. */
export function flatHeaders(headers: Headers): string[] {
  const flat: string[] = [];
  for (const [name, value] of headers) flat.push(name, value);
  return flat;
}

/** The first value of a header, its name compared without case. */
export function headerValue(headers: Headers, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return headers.find(([own]) => own.length === wanted.length && own.toLowerCase() === wanted)?.[1];
}

/** Every value of a header, in order. */
export function headerValues(headers: Headers, name: string): readonly string[] {
  const wanted = name.toLowerCase();
  return headers.filter(([own]) => own.toLowerCase() === wanted).map(([, value]) => value);
}

/** The lower-case members of a comma-separated header, over all its repetitions (RFC 9110, 5.6.1). */
export function headerTokens(headers: Headers, name: string): readonly string[] {
  return headerValues(headers, name)
    .flatMap((value) => value.split(','))
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '');
}

const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
]);

/**
 * Headers without those that belong to one connection only (RFC 9110, 7.6.1): the fixed list and
 * what `Connection` names. `Transfer-Encoding`, `TE`, `Trailer` and `Upgrade` stay: they say how
 * the message is framed, and whoever writes it frames it that way again.
 */
export function endToEnd(headers: Headers): Headers {
  const named = headerTokens(headers, 'connection').filter(
    (token) => !['te', 'upgrade', 'trailer', 'transfer-encoding', 'close'].includes(token),
  );
  return headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return !hopByHop.has(lower) && !named.includes(lower);
  });
}
