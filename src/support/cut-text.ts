/** The beginning of a text that has at most so many bytes in UTF-8; never cut inside a character. */
export function cutText(text: string, bytesMax: number): string {
  // A UTF-16 unit has one byte at least: what lies beyond cannot count, however long the text is.
  const bytes = Buffer.from(text.slice(0, bytesMax));
  if (bytes.length <= bytesMax && text.length <= bytesMax) return text;
  let end = Math.min(bytesMax, bytes.length);
  while (end > 0 && isInsideCharacter(bytes, end)) end -= 1;
  // A surrogate whose other half was sliced off has become U+FFFD.
  return bytes.toString('utf8', 0, end).replace(/\uFFFD$/, '');
}

/** Whether the byte at this place goes on with a character (RFC 3629, 3). */
function isInsideCharacter(bytes: Buffer, at: number): boolean {
  return ((bytes[at] ?? 0) & 0xc0) === 0x80;
}
