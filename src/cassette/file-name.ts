const digestPattern = /^[0-9a-f]{64}$/;
const partPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.part$/;

/** What the file of a body is called while it is written. */
export const partSuffix = '.part';

/** Whether a text is the SHA-256 of a body in hex, which is what its file is called. */
export function isDigest(text: string): boolean {
  return digestPattern.test(text);
}

/** Whether a file can be one of ours in a folder of bodies; no other is ever touched. */
export function isFileName(name: string): boolean {
  return digestPattern.test(name) || partPattern.test(name);
}
