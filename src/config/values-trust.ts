import { resolve } from 'node:path';
import { isAddressRange } from '../support/address-list.ts';
import { isHostName, list, path, ValueError } from './values.ts';

/** Names that a CA is confined to. */
export interface PermittedNames {
  /** Names of DNS, lower-case, each with all below it. */
  readonly dns: readonly string[];
  /** IP addresses and CIDR ranges. */
  readonly ip: readonly string[];
}

/** Names of DNS and ranges of addresses; nothing for an empty text. */
export function permittedNames(text: string): PermittedNames | undefined {
  const members = [...new Set(list(text).map((member) => member.toLowerCase()))].toSorted();
  const ip = members.filter(isAddressRange);
  const dns = members.filter((member) => !isAddressRange(member));
  const wrong = dns.find((name) => !isHostName(name) || name.endsWith('.'));
  if (wrong !== undefined) throw new ValueError(`"${wrong}" is neither a name nor a range`);
  return members.length === 0 ? undefined : { dns, ip };
}

/** The absolute path of a folder that files of variables of every form can name; nothing for an empty text. */
export function trustFolder(text: string): string | undefined {
  if (text === '') return undefined;
  const folder = resolve(path(text));
  // A colon parts the folders of PHP's variable; the others mean something to a shell, to compose or to Java.
  if (!/[\s"'`$\\:;#]/.test(folder)) return folder;
  throw new ValueError(`no file of variables could name ${folder}`);
}
