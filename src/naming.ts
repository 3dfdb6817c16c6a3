import type { OriginalDestinations } from './capture/capture.ts';
import { openOriginalDestinations } from './capture/capture.ts';
import type { Settings } from './config/config.ts';
import type { Session } from './exchange/arrival.ts';
import type { Resolver } from './exchange/dns.ts';
import { Failure } from './exchange/failure.ts';
import type { Names } from './intake/intake.ts';
import { createNames } from './intake/intake.ts';
import { steered } from './steering.ts';
import { createAddressList } from './support/address-list.ts';
import { isOwnAddress, reachableAddresses } from './support/interfaces.ts';

/** What answering for names needs of the house. */
export interface NamingParts {
  readonly settings: Settings;
  /** What those are answered by whose session has no names; nothing is answered where it has none itself. */
  readonly session: Session & {
    readonly of: (client: { readonly address: string }) => Session | Promise<Session>;
  };
  readonly onLost: (where: string, error: unknown) => void;
  /** Listens on each of some hosts, as far as the machine has them. */
  readonly listen: (
    names: Names,
    asked: { readonly hosts: readonly string[]; readonly port: number },
  ) => Promise<readonly Address[]>;
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where questions for names are answered; nowhere, where nothing is captured. */
export interface Naming {
  readonly addresses: readonly Address[];
  readonly close: () => Promise<void>;
}

/** A reply has to leave from the address that the question came to, so there is no wildcard here. */
const loopback: readonly string[] = ['127.0.0.1', '::1'];

/**
 * What asks the kernel where captured connections were to go; nothing where none are captured.
 * @throws Failure CAPTURED_PORT_IS_OWN, ORIGINAL_DESTINATION_UNAVAILABLE
 */
export async function openCapture(settings: Settings): Promise<OriginalDestinations | undefined> {
  const { transparent, redirectPorts, port, controlPort, dnsPort } = settings;
  if (!transparent) return undefined;
  const named = redirectPorts === 'all' ? [] : redirectPorts;
  const own = [port, controlPort, dnsPort].find((each) => named.includes(each));
  if (own !== undefined) {
    const words = `port ${own} is to be captured, and is magneto's own`;
    throw new Failure('CAPTURED_PORT_IS_OWN', words);
  }
  return openOriginalDestinations();
}

/**
 * Answers for names on loopback, where the rules lead them; of a gateway on each of its addresses, as
 * the rules lead what others ask to the address of the interface that it came by.
 * @throws Failure PORT_TAKEN, LISTEN_FAILED
 */
export async function openNaming(parts: NamingParts): Promise<Naming> {
  const { settings, session, onLost, listen } = parts;
  const { resolver: shared } = session;
  if (shared === undefined) return { addresses: [], close: () => Promise.resolve() };
  const { gateway, allowClients } = settings;
  const guests = createAddressList(allowClients);
  const names = createNames({
    resolver: async (client, at): Promise<Resolver> => {
      const { resolver = shared } = await session.of(client);
      return loopback.includes(at) ? resolver : steered(resolver, at);
    },
    mayAsk: (address) => guests.has(address) || isOwnAddress(address),
    onLost,
  });
  const hosts = gateway ? [...loopback, ...reachableAddresses()] : loopback;
  try {
    return {
      addresses: await listen(names, { hosts, port: settings.dnsPort }),
      close: names.close,
    };
  } catch (error) {
    await names.close();
    throw error;
  }
}
