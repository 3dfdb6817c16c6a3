/** The code of an error of the system, of Node or of OpenSSL (`ENOENT`), by shape: errors also come from other realms. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What an error says, in one line, without the name of its class. */
export function errorWords(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return String(error);
  return String(error.message).trim();
}
