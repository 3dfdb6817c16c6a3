import { chmod, constants, mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { Failure } from '../exchange/failure.ts';
import { deniedWords } from '../support/denied.ts';
import { giveToFolderGroup } from '../support/folder-group.ts';
import { pemOf, readCertificates, withoutTwins } from './certificates.ts';
import { systemRoots } from './system-roots.ts';
import { environmentFiles, kitFiles } from './trust-environment.ts';
import { installScript } from './trust-install.ts';
import { jksTruststore } from './truststore-jks.ts';
import { pkcs12Truststore } from './truststore-pkcs12.ts';
import { trustedEntries } from './truststore.ts';
import { pathBeside } from './whole-file.ts';

/** What a trust kit is made of, and where it belongs. */
export interface TrustKitOptions {
  /** PEM: the certificates that clients have to trust because they are ours. */
  readonly authorityPem: string;
  /** PEM: authorities of servers beside those of the system. */
  readonly upstreamCa: readonly string[];
  /** The system's bundle, where it is said (`SSL_CERT_FILE`). */
  readonly systemBundle: string | undefined;
  /** The absolute path of the kit's folder, as applications see it; none, and nothing is written. */
  readonly folder: string | undefined;
  /** The folder with the CA's key. */
  readonly certDir: string;
}

/** Everything that an application may need to trust us, all of it public. */
export interface TrustKit {
  /** What a file of the kit holds; without a folder there are none that would name it. */
  readonly file: (name: string) => Promise<Buffer | undefined>;
  /**
   * Puts the kit into its folder, each file in one step and for all to read; one that is the same
   * already is left alone, and so is everything else there. Gives the names of what was written.
   * @throws Failure TRUST_UNWRITABLE naming the folder and the user; TRUST_FOLDER_PRIVATE where the
   *   CA's key would be in reach of the applications
   */
  readonly write: () => Promise<readonly string[]>;
}

type Contents = ReadonlyMap<string, Buffer>;

/** A trust kit, made at the first ask. */
export function openTrustKit(options: TrustKitOptions): TrustKit {
  const { folder, certDir } = options;
  let made: Promise<Contents> | undefined;
  const contents = (): Promise<Contents> => (made ??= makeContents(options));
  return {
    file: async (name) => (await contents()).get(name),
    write: async () => (folder === undefined ? [] : write(await contents(), { folder, certDir })),
  };
}

async function makeContents(options: TrustKitOptions): Promise<Contents> {
  const { folder, systemBundle } = options;
  const own = readCertificates(options.authorityPem);
  const added = options.upstreamCa.flatMap(readCertificates);
  // The kit's own bundle, in a variable that magneto shares with the applications, would feed on itself.
  const isOwn = systemBundle !== undefined && dirname(resolve(systemBundle)) === folder;
  const roots = await systemRoots(isOwn ? undefined : systemBundle);
  const all = withoutTwins([...own, ...roots, ...added]);
  const entries = trustedEntries(all);
  const jks = jksTruststore(entries);
  const texts = {
    [kitFiles.authority]: pemOf(own),
    [kitFiles.bundle]: pemOf(all),
    'install-ca.sh': installScript(own),
    ...(folder !== undefined && environmentFiles(folder)),
  };
  return new Map([
    ...Object.entries(texts).map(([name, text]) => [name, Buffer.from(text, 'utf8')] as const),
    [kitFiles.pkcs12, pkcs12Truststore(entries)],
    ['truststore.jks', jks],
    // JKS, which every Java takes for its own `cacerts`, whatever type it makes them of itself.
    ['cacerts', jks],
  ]);
}

async function write(
  contents: Contents,
  to: { readonly folder: string; readonly certDir: string },
): Promise<readonly string[]> {
  const written: string[] = [];
  try {
    await makeFolder(to.folder);
    await refusePrivate(to.folder, to.certDir);
    for (const [name, content] of contents) {
      if (await replace(join(to.folder, name), content)) written.push(name);
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    const words = deniedWords(to.folder, error);
    throw new Failure('TRUST_UNWRITABLE', `${to.folder}: ${words}`, { cause: error });
  }
  return written;
}

/** For all to enter, whatever the umask is: applications run as any user. */
async function makeFolder(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true });
  if (made !== undefined) await chmod(folder, 0o755);
}

/** The folder is handed to applications: with the CA's key in it they could speak for anyone. */
async function refusePrivate(folder: string, certDir: string): Promise<void> {
  const shared = await realpath(folder);
  const secret = await realpath(certDir).catch(() => resolve(certDir));
  if (secret !== shared && !secret.startsWith(shared.endsWith(sep) ? shared : shared + sep)) return;
  throw new Failure('TRUST_FOLDER_PRIVATE', `${folder} holds the CA's key (${certDir})`);
}

const publicMode = 0o644;

/** Whether it had to be written. */
async function replace(path: string, content: Buffer): Promise<boolean> {
  if (await isSame(path, content)) return false;
  const beside = pathBeside(path);
  try {
    // "wx" follows no link: an application that may write here cannot lead us to another file.
    const file = await open(beside, 'wx', publicMode);
    try {
      await file.chmod(publicMode);
      await giveToFolderGroup(beside);
      await file.writeFile(content);
    } finally {
      await file.close();
    }
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {});
    throw error;
  }
  return true;
}

/** Whether a plain file that all can read holds just this. */
async function isSame(path: string, content: Buffer): Promise<boolean> {
  // Neither a link (someone could exchange what it leads to later) nor a pipe (it would block).
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch(() => undefined);
  if (file === undefined) return false;
  try {
    const { mode, size } = await file.stat();
    const plain = (mode & constants.S_IFMT) === constants.S_IFREG;
    if (!plain || (mode & 0o777) !== publicMode || size !== content.length) return false;
    return content.equals(await file.readFile());
  } finally {
    await file.close();
  }
}
