export type { Applied } from './apply.ts';
export { applyRules, refuseOwnPorts } from './apply.ts';
export { checkRules } from './check.ts';
export type { RuleCounters } from './counters.ts';
export { countRules } from './counters.ts';
export type { CounterReader } from './counter-reader.ts';
export { openCounters } from './counter-reader.ts';
export { runCommand } from './command.ts';
export type { OriginalDestinations } from './original-destination.ts';
export { openOriginalDestinations } from './original-destination.ts';
export { printedRules } from './print.ts';
export { removeRules } from './remove.ts';
export type { Routed } from './route.ts';
export { routeThrough } from './route.ts';
export type { Rules } from './rules.ts';
export { captureGid } from './rules.ts';
export type { RouteState } from './routes.ts';
export { makeRoutes, removeRoutes, wayOut, withTestRoutes } from './routes.ts';
export type { Probe, SelfTest } from './self-test.ts';
export {
  capturedUser,
  createSelfTest,
  isTestAddress,
  pathOf,
  probesOf,
  readAnswer,
  selfTestAddress,
  testAddress,
} from './self-test.ts';
export type { ProbeEnding, ProbeResult } from './self-test-diagnosis.ts';
export { causeOf, diagnosis, judge } from './self-test-diagnosis.ts';
export { lookalikes } from './self-test-processes.ts';
export type { Standing } from './standing.ts';
export { standingRules } from './standing.ts';
