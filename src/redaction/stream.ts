/**
 * What a client says in a raw stream, without its credentials where the protocol is one of those that
 * are known: AUTH and HELLO of Redis, CONNECT of NATS. Each becomes as many `x`, so that every length
 * that is told stays true. Of other protocols nobody knows where a password stands.
 */
export function redactSaid(bytes: Buffer): Buffer {
  if (!suspicious.some((word) => bytes.includes(word))) return bytes;
  const text = bytes.toString('latin1');
  const without = text
    .replace(authCommand, (command) => afterFirst(command, 1))
    .replace(helloWithAuth, (command) => afterFirst(command, 3))
    .replace(natsConnect, (line) => line.replace(natsSecret, blankValue));
  return without === text ? bytes : Buffer.from(without, 'latin1');
}

const suspicious: readonly string[] = ['AUTH', 'auth', 'Auth', 'CONNECT {'];
/** A list of two or three texts, the first of which is AUTH. */
const authCommand = /\*[23]\r\n\$4\r\nAUTH\r\n(?:\$\d+\r\n[^\r]*\r\n){1,2}/gi;
const helloWithAuth =
  /\*\d+\r\n\$5\r\nHELLO\r\n\$1\r\n\d\r\n\$4\r\nAUTH\r\n(?:\$\d+\r\n[^\r]*\r\n){2}/gi;
const natsConnect = /^CONNECT \{[^\r\n]*\}/gim;
const natsSecret = /("(?:pass|auth_token|jwt|sig|nkey|user)"\s*:\s*")((?:[^"\\]|\\.)*)/g;

/** A command whose texts after the first so many are blank. */
function afterFirst(command: string, kept: number): string {
  let place = 0;
  return command.replace(/(\$\d+\r\n)([^\r]*)/g, (whole, length: string, text: string) => {
    place += 1;
    return place <= kept ? whole : length + blank(text);
  });
}

function blankValue(_whole: string, name: string, value: string): string {
  return name + blank(value);
}

function blank(text: string): string {
  return 'x'.repeat(text.length);
}
