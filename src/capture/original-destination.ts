import type { Socket } from 'node:net';
import { endianness } from 'node:os';
import { Failure } from '../exchange/failure.ts';
import { unmapped } from '../support/address-list.ts';
import { descriptorOf } from '../support/open-files.ts';

/** Where a client wanted to go before the kernel redirected it. */
export interface OriginalDestination {
  /** An IP address; an IPv4 one as such, however its socket spells it. */
  readonly address: string;
  readonly port: number;
}

/** Asks the kernel for the original destination of an accepted socket; nothing where it was not redirected, or has gone. */
export type OriginalDestinations = (socket: Socket) => OriginalDestination | undefined;

/** The system call, its results written into `value` and `length`; 0 where it went well (getsockopt(2)). */
type GetSockOpt = (
  ...call: readonly [
    fd: number,
    level: number,
    option: number,
    value: Uint8Array,
    length: Uint32Array,
  ]
) => number;

/** `linux/in.h`, `linux/netfilter_ipv4.h`, `linux/netfilter_ipv6/ip6_tables.h`. */
const levelIpv4 = 0;
const levelIpv6 = 41;
const originalDestination = 80;

const familyIpv4 = 2;
const familyIpv6 = 10;

/** A `sockaddr_in6`, the longer of the two. */
const addressBytesMax = 28;

/**
 * Loads what asks the kernel. The library is loaded here and not with this file, so that a magneto
 * that captures nothing does without it.
 * @throws Failure ORIGINAL_DESTINATION_UNAVAILABLE
 */
export async function openOriginalDestinations(
  load: () => Promise<GetSockOpt> = loadGetSockOpt,
): Promise<OriginalDestinations> {
  if (process.platform !== 'linux') {
    throw unavailable(`this is ${process.platform}, and only Linux redirects connections`);
  }
  try {
    const getSockOpt = await load();
    return (socket) => ask(getSockOpt, socket);
  } catch (cause) {
    const words = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
    throw unavailable(`the library that asks the kernel cannot be loaded (${words})`, cause);
  }
}

async function loadGetSockOpt(): Promise<GetSockOpt> {
  const { default: koffi } = await import('koffi');
  // Without a name: the C library that this process runs on, whichever that is.
  const library = koffi.load(null);
  const call: unknown = library.func(
    'int getsockopt(int, int, int, _Out_ uint8_t *, _Inout_ uint32_t *)',
  );
  return call as GetSockOpt;
}

function ask(getSockOpt: GetSockOpt, socket: Socket): OriginalDestination | undefined {
  const fd = descriptorOf(socket);
  const { localAddress } = socket;
  if (fd === undefined || localAddress === undefined) return undefined;
  // An IPv4 client on an IPv6 socket was redirected by the rules of IPv4.
  const mapped = unmapped(localAddress);
  const level = mapped.includes(':') ? levelIpv6 : levelIpv4;
  const value = Buffer.alloc(addressBytesMax);
  const length = new Uint32Array([value.length]);
  if (getSockOpt(fd, level, originalDestination, value, length) !== 0) return undefined;
  return readSocketAddress(value);
}

/** Reads a `sockaddr_in` or `sockaddr_in6`: the family in this machine's byte order, port and address in the network's. */
export function readSocketAddress(bytes: Buffer): OriginalDestination | undefined {
  const family = endianness() === 'LE' ? bytes.readUInt16LE(0) : bytes.readUInt16BE(0);
  const port = bytes.readUInt16BE(2);
  if (family === familyIpv4) return { address: bytes.subarray(4, 8).join('.'), port };
  if (family !== familyIpv6) return undefined;
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(8 + 2 * index));
  return { address: canonicalIpv6(groups), port };
}

/** An IPv6 address as everybody writes it (RFC 5952), IPv4 in IPv6 as IPv4. */
function canonicalIpv6(groups: readonly number[]): string {
  const text = groups.map((group) => group.toString(16)).join(':');
  const address = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const [high = 0, low = 0] = groups.slice(6);
  if (!address.startsWith('::ffff:')) return address;
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function unavailable(words: string, cause?: unknown): Failure {
  return new Failure('ORIGINAL_DESTINATION_UNAVAILABLE', words, { cause });
}
