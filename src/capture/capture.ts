export type { Applied } from './apply.ts';
export { applyRules, refuseOwnPorts, removeRules } from './apply.ts';
export type { CounterReader } from './counter-reader.ts';
export { openCounters } from './counter-reader.ts';
export type { OriginalDestinations } from './original-destination.ts';
export { openOriginalDestinations } from './original-destination.ts';
export type { Rules } from './rules.ts';
export { captureGid, printedRules } from './rules.ts';
