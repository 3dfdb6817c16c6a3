/**
 * What a text is made of, for telling what a program makes anew in each run: `literal` has to be
 * equal; the others may stand for one of their own shape.
 */
export interface Token {
  readonly text: string;
  readonly shape: Shape;
}

/** `clock`: a time of day; `short`: what `Math.random().toString(36)` gives, and only perhaps an id. */
export type Shape = 'literal' | 'uuid' | 'jwt' | 'clock' | 'random' | 'short' | 'number';

/** What can be recognised wherever it stands: UUIDs, JWTs (RFC 7519), times (RFC 3339). */
const certain =
  /([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|eyJ[\w-]+\.[\w-]+\.[\w-]*|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))/i;

/** What may be an id, as a whole. */
const run = /([\w-]{8,})/;

/** Cuts a text into tokens; together they are the text. */
export function tokensOf(text: string): readonly Token[] {
  return text.split(certain).flatMap((piece, index) => {
    if (index % 2 === 1) return [{ text: piece, shape: certainShape(piece) }];
    return piece.split(run).map((part, place): Token => {
      return { text: part, shape: place % 2 === 1 ? shapeOfRun(part) : 'literal' };
    });
  });
}

function certainShape(text: string): Shape {
  if (text.startsWith('eyJ')) return 'jwt';
  return text.includes(':') ? 'clock' : 'uuid';
}

function shapeOfRun(text: string): Shape {
  if (/^\d+$/.test(text)) return shapeOfDigits(text.length);
  if (text.length >= 16) return looksRandom(text) ? 'random' : 'literal';
  return /^[a-z\d]+$/.test(text) && changes(text) >= 3 ? 'short' : 'literal';
}

/** Seconds and milliseconds since 1970; snowflakes and their like. */
function shapeOfDigits(length: number): Shape {
  if (length === 10 || length === 13) return 'clock';
  return length >= 15 ? 'number' : 'literal';
}

/**
 * Whether nobody would have written this: what is left of it without its words and years changes
 * between letters, capitals and digits again and again. `customer-settings-page-2` does not.
 */
function looksRandom(text: string): boolean {
  if (/^[\da-f]+$/.test(text)) return /\d/.test(text) && /[a-f]/.test(text);
  return text.split(/[_-]/).reduce((sum, word) => sum + changes(word), 0) >= 6;
}

/** How often a word changes between letters and digits, or case; a capital begins a word. */
function changes(word: string): number {
  const classes = word
    .replace(/[A-Z][a-z]{2,}/g, 'A')
    .replace(/[a-z]/g, 'a')
    .replace(/[A-Z]/g, 'A')
    .replace(/\d/g, '0');
  let count = 0;
  for (let at = 1; at < classes.length; at += 1) if (classes[at] !== classes[at - 1]) count += 1;
  return count;
}

/** Whether a token may be what another run has in the place of this one, as far as can be seen. */
export function isOfShape(live: Token, recorded: Token): boolean {
  const { text, shape } = recorded;
  switch (shape) {
    case 'literal':
      return false;
    case 'uuid':
    case 'jwt':
    case 'clock':
      return live.shape === shape;
    case 'number':
      return /^\d+$/.test(live.text) && live.text.length === text.length;
    case 'random':
      // Whether the live one looks random is chance; that it is as long and of the same letters is not.
      return live.text.length === text.length && alphabet(text).test(live.text);
    case 'short':
      return Math.abs(live.text.length - text.length) <= 4 && /^[a-z\d]+$/.test(live.text);
  }
}

function alphabet(text: string): RegExp {
  if (/^[\da-f]+$/.test(text)) return /^[\da-f]+$/;
  if (/^[\da-z]+$/.test(text)) return /^[\da-z]+$/;
  if (/^[\dA-Z]+$/.test(text)) return /^[\dA-Z]+$/;
  return /^[\w-]+$/;
}

/** The time that a token of shape `clock` says, in milliseconds since 1970. */
export function timeOf({ text }: Token): number {
  if (text.includes(':')) return Date.parse(text);
  return text.length === 10 ? Number(text) * 1000 : Number(text);
}

/** What a JWT says but for what is new in each: when it was made, how long it holds, its own id. */
export function lastingClaims({ text }: Pick<Token, 'text'>): string | undefined {
  const payload = Buffer.from(text.split('.')[1] ?? '', 'base64url').toString();
  try {
    const claims = JSON.parse(payload) as Readonly<Record<string, unknown>>;
    const lasting = Object.entries(claims).filter(([name]) => !fleeting.has(name));
    return JSON.stringify(lasting.toSorted(([one], [other]) => (one < other ? -1 : 1)));
  } catch {
    return undefined;
  }
}

const fleeting: ReadonlySet<string> = new Set(['iat', 'exp', 'nbf', 'jti', 'nonce', 'auth_time']);
