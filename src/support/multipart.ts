/** The longest boundary that there may be, in characters (RFC 2046, 5.1.1). */
const boundaryLengthMax = 70;

/** What stands in the place of each boundary where bodies are compared. */
const stand = Buffer.from('--boundary', 'latin1');

/** The boundary of a multipart body, from its Content-Type; nothing where it is none (RFC 2046, 5.1.1). */
export function multipartBoundary(contentType: string | undefined): string | undefined {
  if (contentType === undefined || !/^\s*multipart\//i.test(contentType)) return undefined;
  const found = /;\s*boundary=(?:"([^"]+)"|([^\s;"]+))/i.exec(contentType);
  const boundary = found?.[1] ?? found?.[2];
  return boundary === undefined || boundary.length > boundaryLengthMax ? undefined : boundary;
}

/** A multipart body on its way, each boundary replaced by one that is always the same. */
export interface Unbounded {
  /** Takes a piece; gives what is known of the replaced body by then. */
  readonly push: (bytes: Buffer) => readonly Buffer[];
  /** The rest, once all has come. */
  readonly end: () => Buffer;
}

/**
 * Replaces a boundary that differs in each run, so that equal bodies are equal. It holds back no
 * more than a boundary's length, however large the body is.
 */
export function withoutBoundary(boundary: string): Unbounded {
  const delimiter = Buffer.from(`--${boundary}`, 'latin1');
  let held: Buffer = Buffer.alloc(0);
  return {
    push(bytes) {
      let rest = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
      const found: Buffer[] = [];
      for (let at = rest.indexOf(delimiter); at !== -1; at = rest.indexOf(delimiter)) {
        found.push(rest.subarray(0, at), stand);
        rest = rest.subarray(at + delimiter.length);
      }
      const known = Math.max(0, rest.length - delimiter.length + 1);
      found.push(rest.subarray(0, known));
      // A copy, so that a large piece is not kept alive by its last bytes.
      held = Buffer.from(rest.subarray(known));
      return found;
    },
    end: () => held,
  };
}
