import { isIP } from 'node:net';
import { addressBytes } from './address-bytes.ts';
import { leafName } from './leaf.ts';
import type { Asn1 } from './x509.ts';
import {
  elements,
  extension,
  extensionValue,
  isTagged,
  latin1,
  parse,
  sequence,
  tagged,
} from './x509.ts';

/** The names that a CA is to speak for, and no others. */
export interface PermittedNames {
  /** Names of DNS, each with all below it. */
  readonly dns: readonly string[];
  /** Ranges of addresses: `10.0.0.0/8`, `fd00::/8`. */
  readonly ip: readonly string[];
}

/** Whether the certificate of an authority lets it speak for a name, as `leafName` gives it. */
export type NameTest = (name: string) => boolean;

const nameConstraintsId = '2.5.29.30';
const dnsTag = 2;
const addressTag = 7;
const everyAddress = ['0.0.0.0/0', '::/0'] as const;

/**
 * The extension (RFC 5280, 4.2.1.10) that permits some names. It constrains only the sorts of names
 * that it speaks of: so the sort of which none is permitted is excluded as a whole.
 */
export function nameConstraints({ dns, ip }: PermittedNames): Asn1 {
  const permitted = [...dns.map(dnsSubtree), ...ip.map(addressSubtree)];
  const excluded = [
    ...(dns.length === 0 ? [dnsSubtree('')] : []),
    ...(ip.length === 0 ? everyAddress.map(addressSubtree) : []),
  ];
  const lists = [tagged(0, permitted), ...(excluded.length === 0 ? [] : [tagged(1, excluded)])];
  return extension(nameConstraintsId, sequence(...lists), true);
}

/** Whether the name constraints of a certificate (DER) are just these. */
export function permitsJust(certificate: Buffer, names: PermittedNames): boolean {
  const wanted = elements(nameConstraints(names)).at(-1)?.value;
  const found = extensionValue(certificate, nameConstraintsId);
  return found !== undefined && latin1(found) === wanted;
}

/** What the name constraints of a certificate (DER) let it speak for: anything where it has none. */
export function readNameConstraints(certificate: Buffer): NameTest | undefined {
  const value = extensionValue(certificate, nameConstraintsId);
  if (value === undefined) return undefined;
  const lists = elements(parse(value));
  const permitted = subtrees(lists.find((list) => isTagged(list, 0)));
  const excluded = subtrees(lists.find((list) => isTagged(list, 1)));
  return (name) => {
    const tag = isIP(name) === 0 ? dnsTag : addressTag;
    const ofItsSort = permitted.filter((subtree) => subtree.tag === tag);
    if (ofItsSort.length > 0 && !ofItsSort.some((subtree) => holds(subtree, name))) return false;
    return !excluded.some((subtree) => subtree.tag === tag && holds(subtree, name));
  };
}

interface Subtree {
  readonly tag: typeof dnsTag | typeof addressTag;
  readonly base: string;
}

/** Those of the two sorts of names that a leaf of ours can have. */
function subtrees(list: Asn1 | undefined): readonly Subtree[] {
  return elements(list).flatMap((each) => {
    const [base] = elements(each);
    const tag = [dnsTag, addressTag].find((known) => base !== undefined && isTagged(base, known));
    if (tag === undefined || typeof base?.value !== 'string') return [];
    return [{ tag: tag === dnsTag ? dnsTag : addressTag, base: base.value }];
  });
}

function holds({ tag, base }: Subtree, name: string): boolean {
  if (tag === addressTag) return holdsAddress(Buffer.from(base, 'latin1'), addressBytes(name));
  const wanted = base.toLowerCase();
  if (wanted === '' || name === wanted) return true;
  return name.endsWith(wanted.startsWith('.') ? wanted : `.${wanted}`);
}

/** The base of a subtree is an address and its mask, each as long as an address of its family. */
function holdsAddress(base: Buffer, address: readonly number[]): boolean {
  if (base.length !== 2 * address.length) return false;
  return address.every((byte, at) => {
    const mask = base[address.length + at] ?? 0;
    return (byte & mask) === ((base[at] ?? 0) & mask);
  });
}

function dnsSubtree(name: string): Asn1 {
  return sequence(tagged(dnsTag, name));
}

function addressSubtree(range: string): Asn1 {
  const [written = '', prefix] = range.split('/');
  const address = addressBytes(leafName(written));
  const bits = prefix === undefined ? 8 * address.length : Number(prefix);
  const mask = address.map((_, at) => 0xff & ~(0xff >> Math.min(8, Math.max(0, bits - 8 * at))));
  const base = address.map((byte, at) => byte & (mask[at] ?? 0));
  return sequence(tagged(addressTag, String.fromCharCode(...base, ...mask)));
}
