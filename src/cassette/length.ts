import type { Ending } from '../exchange/conversation.ts';
import { announcedLength, mayHaveBody } from '../exchange/http.ts';
import type { RecordedResponse } from '../exchange/interaction.ts';

/**
 * A response whose Content-Length is that of its body. A person who edits a body by hand seldom
 * counts its bytes, and a client would then hang or read a part. What was recorded as cut short
 * keeps its length, for there the difference is the point.
 */
export function withConsistentLength(
  response: RecordedResponse,
  method: string,
  ending: Ending,
): RecordedResponse {
  const announced = announcedLength(response.headers);
  const length = response.stored?.bytes ?? response.body?.length ?? 0;
  const free = ending.type !== 'finished' || !mayHaveBody(method, response.status);
  if (free || announced === undefined || announced === length) return response;
  return {
    ...response,
    headers: response.headers.map(([name, value]) => [
      name,
      name.toLowerCase() === 'content-length' ? String(length) : value,
    ]),
  };
}
