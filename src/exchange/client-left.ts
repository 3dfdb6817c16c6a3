import type { Ending } from './conversation.ts';

/** How the client went, read from the reason of an exchange's signal. */
export function clientEnding(signal: AbortSignal): Ending {
  const reason: unknown = signal.reason;
  return isEnding(reason) ? reason : { type: 'cut', by: 'client' };
}

function isEnding(value: unknown): value is Ending {
  return typeof value === 'object' && value !== null && 'type' in value && 'by' in value;
}
