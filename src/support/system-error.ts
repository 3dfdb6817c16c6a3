/** The code of an error of the system, of Node or of OpenSSL (`ENOENT`), by shape: errors also come from other realms. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** What an error says, in one line; of OpenSSL's the reason, for its message holds addresses in memory. */
export function errorWords(error: unknown): string {
  const said = Object(error) as { readonly reason?: unknown; readonly message?: unknown };
  if (typeof said.reason === 'string') return said.reason;
  return String(said.message ?? error).trim();
}
