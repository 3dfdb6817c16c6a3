import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { createJournal, receipt } from '../../src/journal/journal.ts';
import type { RunFacts } from '../../src/journal/receipt.ts';
import { journalEntry } from './entry.ts';

const facts: RunFacts = {
  mode: 'replay',
  cassette: 'login/ok',
  loaded: 9,
  records: false,
  unused: 7,
  unfinished: true,
  cassetteDigest: 'sha256:00',
  sealedReplay: false,
  bypassed: null,
};

test('a receipt has the counts and the facts, in the documented order', () => {
  const journal = createJournal();
  for (const outcome of ['replayed', 'repeated', 'missed', 'forwarded', 'live'] as const) {
    journal.append(journalEntry({ outcome, learnt: 'host' }));
  }
  journal.refused({ host: 'a.test:443', runtime: 'Go', how: 'alert unknown_ca' });
  expect(JSON.stringify(receipt(journal, facts))).toBe(
    '{"mode":"replay","cassette":"login/ok","loaded":9,"served":2,"missed":1,"repeated":1,' +
      '"unused":7,"recorded":0,"liveCalls":1,"streams":0,"failed":0,"faults":0,"truncated":0,' +
      '"unfinished":true,' +
      '"cassetteDigest":"sha256:00","isolated":false,"bypassed":null,' +
      '"live":[{"destination":"example.org:80","count":1}],' +
      '"inventory":{"entries":[{"name":"example.org","port":80,"protocol":"http",' +
      '"addresses":[],"learnt":["host"],"count":5}],"entriesMax":500,"omitted":0},' +
      '"clientRefusals":[{"host":"a.test:443","count":1,"runtime":"Go","how":"alert unknown_ca"}],' +
      '"passedThrough":[],"incomplete":false}',
  );
});

test.each([
  ['replayed', true],
  ['missed', true],
  ['forwarded', false],
  ['live', false],
] as const)('a sealed replay with an exchange that was %s is isolated: %s', (outcome, isolated) => {
  const journal = createJournal();
  journal.append(journalEntry({ outcome }));
  expect(receipt(journal, { ...facts, sealedReplay: true }).isolated).toBe(isolated);
  expect(receipt(journal, facts).isolated).toBe(false);
});

const nothing = {
  tcpBypassed: 0,
  udpPassed: 0,
  udpRejected: 3,
  quicRejected: 4,
  otherPassed: 5,
  sealed: 6,
  captured: 7,
};

test.each([
  [{}, true],
  [{ tcpBypassed: null, udpPassed: null }, true],
  [{ tcpBypassed: 1 }, false],
  [{ udpPassed: 1 }, false],
])('a sealed replay is not isolated where the application got past the rules: %j', (more, yes) => {
  const made = receipt(createJournal(), {
    ...facts,
    sealedReplay: true,
    bypassed: { ...nothing, ...more },
  });
  expect(made.isolated).toBe(yes);
});

test('each member has its line in docs/control-plane.md, in their order', () => {
  const page = readFileSync('docs/control-plane.md', 'utf8');
  const members = (from: string): readonly string[] => {
    const table = page.slice(page.indexOf(from)).split('|---|---|\n')[1]?.split('\n\n')[0] ?? '';
    return [...table.matchAll(/^\| `(\w+)` \|/gm)].map((match) => String(match[1]));
  };
  const made = receipt(createJournal(), { ...facts, bypassed: nothing });
  expect(members('## The receipt')).toEqual([...Object.keys(made), 'sessions']);
  const journal = createJournal();
  journal.append(journalEntry({}));
  const [entry] = journal.inventory().entries;
  expect(members('`inventory` has')).toEqual(Object.keys(entry ?? {}));
  for (const counter of Object.keys(nothing)) expect(page).toContain(`\`${counter}\``);
});

test('what passed by is told as it was counted', () => {
  const bypassed = {
    tcpBypassed: 1,
    udpPassed: null,
    udpRejected: 3,
    quicRejected: 4,
    otherPassed: 5,
    sealed: 6,
    captured: 7,
  };
  expect(receipt(createJournal(), { ...facts, bypassed }).bypassed).toEqual(bypassed);
});
