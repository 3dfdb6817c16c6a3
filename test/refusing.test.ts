import { expect, test } from '@jest/globals';
import type { FailureCode } from '../src/exchange/failure.ts';
import { Failure } from '../src/exchange/failure.ts';
import { createJournal } from '../src/journal/journal.ts';
import { createRefusalReport } from '../src/refusing.ts';

test('each refusal is counted, the first, tenth and hundredth of a kind are said', () => {
  const journal = createJournal();
  const [said, counted, hosts]: [Failure[], FailureCode[], string[]] = [[], [], []];
  const told: string[] = [];
  const tell = createRefusalReport({
    journal,
    metrics: {
      onClientRefusal: (host, runtime) => hosts.push(`${host} ${runtime}`),
      onOwnError: (code) => counted.push(code),
    },
    report: (failure) => said.push(failure),
    refused: (host) => told.push(host),
  });
  const failure = new Failure('CLIENT_REJECTED_CERTIFICATE', 'x');
  const refusal = { failure, host: 'a.test:443', runtime: 'Go', how: 'alert unknown_ca' } as const;
  for (let count = 0; count < 100; count++) tell(refusal);
  tell({ ...refusal, runtime: 'Node' });
  expect(said).toHaveLength(4);
  expect(counted).toHaveLength(97);
  expect(told).toHaveLength(101);
  expect(hosts.filter((label) => label === 'a.test:443 Go')).toHaveLength(100);
  expect(journal.refusals()).toMatchObject([{ count: 100 }, { count: 1, runtime: 'Node' }]);
});
