import type { Metrics } from './control/control.ts';
import { Failure } from './exchange/failure.ts';
import type { CrowdOptions } from './intake/intake.ts';
import type { Report } from './logging.ts';
import { createMemoryGauge } from './memory.ts';
import { filesKept, openFilesMax } from './support/open-files.ts';

/** What says how many connections there may be. */
export interface CrowdingOptions {
  readonly connectionsMax: number | 'auto';
  /** Whether a server may be connected to for each of them. */
  readonly dials: boolean;
  readonly report: Report;
  readonly metrics: Pick<Metrics, 'onOwnError'>;
  /** What the system allows; asked where it is left out. */
  readonly filesMax?: number | undefined;
}

/** What `auto` is at most: that many are gigabytes of buffers, should all of them be full. */
const autoMax = 32_768;
/** Fewer than a stack of services has at its start. */
const autoLeast = 256;

/** How many connections there may be, and what is to be said of it at the start. */
export function crowdOf(options: CrowdingOptions): CrowdOptions & { readonly tooFew?: Failure } {
  const { connectionsMax: wanted, dials, report, metrics } = options;
  const filesMax = 'filesMax' in options ? options.filesMax : openFilesMax();
  const each = dials ? 2 : 1;
  const affordable =
    filesMax === undefined ? autoMax : Math.floor((filesMax - filesKept(filesMax)) / each);
  const connectionsMax = wanted === 'auto' ? Math.min(autoMax, affordable) : wanted;
  const needed = wanted === 'auto' ? autoLeast : wanted;
  return {
    connectionsMax,
    filesMax,
    onCrowded: rarely(report, metrics),
    memoryLow: createMemoryGauge(report),
    ...(filesMax !== undefined &&
      affordable < needed && { tooFew: lowLimit({ filesMax, needed, affordable, each }) }),
  };
}

function lowLimit(limit: {
  readonly filesMax: number;
  readonly needed: number;
  readonly affordable: number;
  readonly each: number;
}): Failure {
  const { filesMax, needed, affordable, each } = limit;
  const enough = Math.ceil((needed * each + 512) / 1024) * 1024;
  const words = `${filesMax} files may be open, which is enough for ${affordable} connections, not for ${needed}`;
  return new Failure('FILE_LIMIT_LOW', `${words}: in compose "ulimits: { nofile: ${enough} }"`);
}

/** Says the first, tenth, hundredth of them, and counts all: a flood must not fill the log. */
function rarely(report: Report, metrics: Pick<Metrics, 'onOwnError'>): Report {
  let count = 0;
  return (failure) => {
    count += 1;
    if (Number.isInteger(Math.log10(count))) report(failure);
    else metrics.onOwnError(failure.code);
  };
}
