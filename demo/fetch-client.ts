// Node's own fetch, with no word of a proxy in it: NODE_USE_ENV_PROXY and NODE_EXTRA_CA_CERTS do it.
import { writeSync } from 'node:fs';
import type { Ask } from './clients.ts';

const { url, method, headers, body } = JSON.parse(process.argv[2] ?? '') as Ask;

/** Standard output is a pipe, which may take less than it is given. */
function print(bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}

try {
  const answer = await fetch(url, {
    ...(method === undefined ? {} : { method }),
    ...(body === undefined ? {} : { body }),
    headers: (headers ?? []).map((header): [string, string] => {
      const [name = '', ...value] = header.split(': ');
      return [name, value.join(': ')];
    }),
  });
  const lines = [...answer.headers].map(([name, value]) => `${name}: ${value}\r\n`);
  print(Buffer.from(`${answer.status} ${answer.statusText}\r\n${lines.join('')}\r\n`));
  print(Buffer.from(await answer.arrayBuffer()));
  process.stderr.write('whole');
} catch (error) {
  const cause = error instanceof Error ? error.cause : undefined;
  process.stderr.write(
    cause instanceof Error && 'code' in cause ? String(cause.code) : String(error),
  );
}
