import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';

/** Where names are looked up. */
export interface LookUpPlaces {
  readonly hostsFile?: string;
  /** `address:port`; those of resolv.conf otherwise. */
  readonly servers?: readonly string[];
}

/** A container's resolver knows its neighbours at once; what it would have to ask others about is no neighbour. */
const limits = { timeout: 400, tries: 2 } as const;

/**
 * The addresses that this machine knows a name by, of the hosts file, else of its resolver; none where
 * nobody says so within two seconds. Not by getaddrinfo(3): one that hangs keeps a thread from those who
 * write cassettes. Domains to search are not tried.
 */
export async function lookUp(
  name: string,
  { hostsFile = '/etc/hosts', servers }: LookUpPlaces = {},
): Promise<readonly string[]> {
  const text = await readFile(hostsFile, 'utf8').catch(() => '');
  const listed = addressesIn(text, name.toLowerCase());
  if (listed.length > 0) return listed;
  const resolver = new Resolver(limits);
  if (servers !== undefined) resolver.setServers(servers);
  const none = (): readonly string[] => [];
  const both = [resolver.resolve4(name).catch(none), resolver.resolve6(name).catch(none)];
  return (await Promise.all(both)).flat();
}

/** The addresses of a name in a hosts file (hosts(5)). */
function addressesIn(text: string, name: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').toLowerCase().trim().split(/\s+/);
    return names.includes(name) ? [address] : [];
  });
}
