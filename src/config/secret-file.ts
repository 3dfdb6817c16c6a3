import { closeSync, openSync, readSync } from 'node:fs';
import { Failure } from '../exchange/failure.ts';
import { errorCode } from '../support/system-error.ts';

/** A secret is a line; a larger file is another one. */
const fileBytesMax = 64 * 1024;

/**
 * The text of a secret that lies in a file, as Docker and Kubernetes hand them out; the newline that
 * editors put at the end is not part of it.
 * @throws Failure OPTION_FILE_UNREADABLE naming the variable and the file, never what is in it.
 */
export function readSecretFile(variable: string, file: string): string {
  const text = bytesOf(variable, file)
    .toString('utf8')
    .replace(/\r?\n$/, '');
  // Who names a file wants a secret: going on without one would leave a door open.
  if (text === '') throw unreadable(variable, file, 'is empty');
  return text;
}

function bytesOf(variable: string, file: string): Buffer {
  const bytes = Buffer.alloc(fileBytesMax + 1);
  let length = 0;
  try {
    const descriptor = openSync(file, 'r');
    try {
      for (let got = -1; got !== 0 && length < bytes.length; length += got) {
        got = readSync(descriptor, bytes, length, bytes.length - length, null);
      }
    } finally {
      closeSync(descriptor);
    }
  } catch (cause) {
    throw unreadable(variable, file, `cannot be read (${errorCode(cause) ?? 'no path'})`);
  }
  if (length > fileBytesMax) throw unreadable(variable, file, 'has more than 64 KiB');
  return bytes.subarray(0, length);
}

function unreadable(variable: string, file: string, why: string): Failure {
  return new Failure('OPTION_FILE_UNREADABLE', `${variable}: ${JSON.stringify(file)} ${why}`);
}
