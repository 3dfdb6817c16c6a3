import { X509Certificate } from 'node:crypto';
import { access, constants, readFile, stat, statfs } from 'node:fs/promises';
import type { Row } from './doctor-row.ts';

/** Fewer descriptors than this, and a test with many connections runs out. */
const descriptorsMin = 4096;
/** Less than this, and a recording may end in the middle. */
const freeBytesMin = 64 * 1024 * 1024;

/** Whether cassettes can be read and written where they are kept, and whether there is room. */
export async function volumeRow(folder: string): Promise<Row> {
  const layer = 'volume';
  try {
    const { uid, gid } = await stat(folder);
    const { bavail, bsize } = await statfs(folder);
    const free = bavail * bsize;
    const facts = `${folder}, of user ${uid}:${gid}, ${Math.floor(free / 2 ** 20)} MiB free`;
    if (free < freeBytesMin) {
      return { layer, status: 'fail', words: `${facts}: too little to record`, add: 'free space' };
    }
    const writable = await access(folder, constants.W_OK).then(
      () => true,
      () => false,
    );
    if (writable) return { layer, status: 'ok', words: facts };
    const words = `${facts}; this user may not write there, which only a recording has to`;
    return { layer, status: 'warn', words, add: `user: "${uid}:${gid}"` };
  } catch {
    const words = `there is no ${folder} here: to look at it, run this in magneto's own container`;
    return { layer, status: 'unknown', words };
  }
}

/** Whether the clock of this machine is within the life of the CA, without which no client can trust it. */
export function clockRow(certificatePem: string | undefined, now = new Date()): Row {
  const layer = 'clock';
  if (certificatePem === undefined) {
    return { layer, status: 'unknown', words: 'there is no certificate to hold it against' };
  }
  const { validFromDate, validToDate } = new X509Certificate(certificatePem);
  const days = Math.floor((validToDate.getTime() - now.getTime()) / 86_400_000);
  if (now < validFromDate) {
    const words = `it is ${now.toISOString()}, before the CA was made: set the clock`;
    return { layer, status: 'fail', words, add: 'set the clock of the host' };
  }
  const add = 'remove ca.pem and ca.key for a new CA to be made, and have clients trust it';
  if (days < 0)
    return { layer, status: 'fail', words: `the CA has expired ${-days} days ago`, add };
  if (days < 30) return { layer, status: 'warn', words: `the CA expires in ${days} days`, add };
  return { layer, status: 'ok', words: `${now.toISOString()}; the CA is good for ${days} days` };
}

/** How many sockets and files a process here may have open. */
export async function descriptorsRow(file = '/proc/self/limits'): Promise<Row> {
  const layer = 'descriptors';
  const text = await readFile(file, 'utf8').catch(() => '');
  const limit = /^Max open files\s+(\d+|unlimited)/m.exec(text)?.[1];
  if (limit === undefined) return { layer, status: 'unknown', words: 'the limit cannot be read' };
  const words = `a process may have ${limit} open`;
  if (limit === 'unlimited' || Number(limit) >= descriptorsMin) {
    return { layer, status: 'ok', words };
  }
  return { layer, status: 'warn', words, add: 'ulimits: { nofile: 65536 }' };
}
