import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { errorCode } from '../support/system-error.ts';

/** What resolv.conf(5) says. */
export interface ResolvConf {
  /** IP addresses, in the order in which they are asked. */
  readonly servers: readonly string[];
  /** Domains that names are tried in, lower-case, without dots around. */
  readonly search: readonly string[];
}

/** The resolver's configuration of this machine or container; empty where there is none. */
export function readResolvConf(file = '/etc/resolv.conf'): ResolvConf {
  try {
    return parseResolvConf(readFileSync(file, 'utf8'));
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return { servers: [], search: [] };
  }
}

/** Reads the text of a resolv.conf; the last of `search` and `domain` counts. */
export function parseResolvConf(text: string): ResolvConf {
  const servers: string[] = [];
  let search: readonly string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/);
    const [first = ''] = words;
    if (keyword === 'nameserver' && isIP(first) !== 0) servers.push(first);
    if (keyword === 'search' || keyword === 'domain') {
      search = words.map((word) => word.toLowerCase().replace(/^\.|\.$/g, '')).filter(Boolean);
    }
  }
  return { servers, search };
}
