import { filterTable } from './filter.ts';
import { redirectTable } from './redirect.ts';
import type { Rules } from './rules.ts';
import type { TableRules } from './rule-text.ts';
import { jump } from './rule-text.ts';

/** All that is applied where the kernel can do all of it, for people and for shells. */
export function printedRules(rules: Rules): string {
  const families = [
    { family: 'v4', command: 'iptables' },
    { family: 'v6', command: 'ip6tables' },
  ] as const;
  return families
    .map(({ family, command }) => {
      const tables = [
        redirectTable(rules, family),
        filterTable(rules, family, { counted: true, captured: true }),
      ];
      return [`# ${command}-restore --noflush\n`, ...tables.map((one) => printed(one, command))];
    })
    .map((parts) => parts.join(''))
    .join('\n');
}

function printed({ table, chains, hooks }: TableRules, command: string): string {
  const lines = [
    `*${table}`,
    ...chains.map(({ name }) => `:${name} - [0:0]`),
    ...chains.flatMap((chain) => chain.rules),
    'COMMIT',
    ...hooks.flatMap((hook) => {
      const [from = '', ...rest] = jump(hook).split(' ');
      const words = rest.join(' ');
      return [
        `# ${command} -t ${table} -C ${from} ${words} ||`,
        `#   ${command} -t ${table} -I ${from} 1 ${words}`,
      ];
    }),
  ];
  return `${lines.join('\n')}\n`;
}
