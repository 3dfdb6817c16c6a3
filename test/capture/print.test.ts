import { expect, test } from '@jest/globals';
import { printedRules } from '../../src/capture/print.ts';
import { usual } from './examples.ts';

test('what is printed is a text for the restore commands, and says where the jumps go', () => {
  const text = printedRules({ ...usual, gateway: true });
  expect(text.match(/^# ip6?tables-restore --noflush$/gm)).toHaveLength(2);
  expect(text.match(/^\*(?:nat|filter)$/gm)).toEqual(['*nat', '*filter', '*nat', '*filter']);
  expect(text.match(/^COMMIT$/gm)).toHaveLength(4);
  const jumps = text.match(/^#   ip6?tables -t \w+ -I \w+ 1 .*$/gm) ?? [];
  expect(jumps).toHaveLength(8);
  expect(jumps[1]).toBe(
    '#   iptables -t nat -I PREROUTING 1 -m comment --comment magneto -j MAGNETO_PREROUTING',
  );
  expect(text).not.toContain('made this table');
});
