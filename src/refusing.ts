import type { Metrics } from './control/control.ts';
import type { ClientRefusal } from './intake/intake.ts';
import type { Journal } from './journal/journal.ts';
import type { Report } from './logging.ts';

/** Who is told of clients that refuse the certificate. */
export interface RefusalReportOptions {
  readonly journal: Pick<Journal, 'refused'>;
  readonly metrics: Pick<Metrics, 'onClientRefusal' | 'onOwnError'>;
  readonly report: Report;
  /** Told of the host (`host:port`) of each refusal. */
  readonly refused: (host: string) => void;
}

/** Counts each refusal, and says the first, tenth, hundredth of a kind: a client that tries for ever must not fill the log. */
export function createRefusalReport(
  options: RefusalReportOptions,
): (refusal: ClientRefusal) => void {
  const { journal, metrics, report, refused } = options;
  return ({ failure, host, runtime, how }) => {
    const ofKind = journal.refused({ host, runtime, how });
    metrics.onClientRefusal(host, runtime);
    if (Number.isInteger(Math.log10(ofKind))) report(failure);
    else metrics.onOwnError(failure.code);
    refused(host);
  };
}
