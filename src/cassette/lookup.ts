import type { DnsData, DnsFinding, DnsRecord } from '../exchange/dns.ts';
import type { Interaction, RecordedLookup } from '../exchange/interaction.ts';
import { lookupRequest } from '../exchange/interaction.ts';
import { addressRecords, readFinding, writeAnswer } from '../support/dns-finding.ts';
import { nameQuestion } from '../support/dns-message.ts';
import { typeName } from '../support/dns-packed.ts';
import { errorWords } from '../support/system-error.ts';
import type { Fields } from './check.ts';
import { corrupt, fieldsOf, listOf, numberField, textField } from './check.ts';

/** The members of a tree that hold a question for a name, and what was found. */
export function lookupTree(lookup: RecordedLookup): Fields {
  const { name, type, class: kind, asked, code, flags, records, edns, wire, more } = lookup;
  const section = (title: 'authority' | 'additional'): Fields =>
    lookup[title].length === 0 ? {} : { [title]: lookup[title] };
  return {
    question: {
      name,
      type,
      ...(kind === undefined ? {} : { class: kind }),
      ...(asked === undefined ? {} : { edns: asked }),
      ...more?.question,
    },
    answer: {
      code,
      ...(flags.join() === usualFlags ? {} : { flags }),
      records,
      ...section('authority'),
      ...section('additional'),
      ...(edns === undefined ? {} : { edns: ednsTree(edns) }),
      ...(wire === undefined ? {} : { wire: wire.toString('base64') }),
      ...more?.answer,
    },
  };
}

/** What those members hold. @throws Failure CASSETTE_CORRUPT, naming the field */
export function readLookup(tree: Fields, where: string): Pick<Interaction, 'lookup' | 'request'> {
  const question = fieldsOf(tree['question'], `${where}.question`);
  const answer = fieldsOf(tree['answer'], `${where}.answer`);
  const asked = readAsked(question, `${where}.question`);
  const finding = readAnswer(answer, { asked, where: `${where}.answer` });
  const more = {
    question: without(question, questionMembers),
    answer: without(answer, answerMembers),
  };
  const isMore = Object.keys(more.question).length + Object.keys(more.answer).length > 0;
  const lookup: RecordedLookup = { ...asked, ...finding, ...(isMore ? { more } : {}) };
  return { lookup, request: lookupRequest(lookup) };
}

type Asked = Pick<RecordedLookup, 'name' | 'type' | 'class' | 'asked'>;

/** A resolver that says no more than that it is one. */
const usualFlags = 'ra';
const questionMembers: readonly string[] = ['name', 'type', 'class', 'edns'];
const answerMembers: readonly string[] = [
  'code',
  'flags',
  'records',
  'authority',
  'additional',
  'edns',
  'wire',
  'addresses',
  'ttl',
];

function ednsTree({ size, errors }: NonNullable<DnsFinding['edns']>): Fields {
  return errors.length === 0 ? { size } : { size, errors };
}

function readAsked(question: Fields, where: string): Asked {
  const { class: kind, edns } = question;
  return {
    name: textField(question, 'name', where),
    // What had no name once was spelt as the codec does.
    type: typeName(textField(question, 'type', where)),
    ...(typeof kind === 'string' ? { class: kind } : {}),
    ...(edns === 'plain' || edns === 'dnssec' ? { asked: edns } : {}),
  };
}

function readAnswer(
  answer: Fields,
  { asked, where }: { readonly asked: Asked; readonly where: string },
): DnsFinding {
  const { flags, edns } = answer;
  const found: DnsFinding = {
    code: textField(answer, 'code', where),
    flags: flags === undefined ? [usualFlags] : textsOf(flags, `${where}.flags`),
    records:
      answer['records'] === undefined
        ? readAddresses(answer, { asked, where })
        : readRecords(answer['records'], `${where}.records`),
    authority: readRecords(answer['authority'] ?? [], `${where}.authority`),
    additional: readRecords(answer['additional'] ?? [], `${where}.additional`),
    ...(edns === undefined ? {} : { edns: readEdns(edns, `${where}.edns`) }),
  };
  checkRecords(found, { asked, where });
  return withWire(found, answer['wire']);
}

/** As they were recorded first: addresses of the type that was asked for, without their aliases. */
function readAddresses(
  answer: Fields,
  { asked, where }: { readonly asked: Asked; readonly where: string },
): readonly DnsRecord[] {
  const addresses = textsOf(answer['addresses'], `${where}.addresses`);
  return addressRecords(asked, { addresses, ttl: numberField(answer, 'ttl', where) });
}

function readRecords(value: unknown, where: string): readonly DnsRecord[] {
  return listOf(value, where).map((one, index) => {
    const here = `${where}[${index}]`;
    const fields = fieldsOf(one, here);
    const { data } = fields;
    if (data === undefined || data === null) throw corrupt(`${here}.data`, 'is missing');
    return {
      ...fields,
      name: textField(fields, 'name', here),
      type: textField(fields, 'type', here),
      ttl: numberField(fields, 'ttl', here),
      data: data as DnsData,
    };
  });
}

function readEdns(value: unknown, where: string): NonNullable<DnsFinding['edns']> {
  const fields = fieldsOf(value, where);
  const { errors = [] } = fields;
  return { size: numberField(fields, 'size', where), errors: textsOf(errors, `${where}.errors`) };
}

function textsOf(value: unknown, where: string): readonly string[] {
  return listOf(value, where).map((one) => {
    if (typeof one !== 'string') throw corrupt(where, 'has an entry that is no text');
    return one;
  });
}

/** What an answer could not be written from is told when the cassette is read, and not in the midst of a run. */
function checkRecords(
  found: DnsFinding,
  { asked, where }: { readonly asked: Asked; readonly where: string },
): void {
  // Whoever asked may have put anything into a name.
  const question = nameQuestion({ name: '.', type: asked.type });
  for (const section of ['records', 'authority', 'additional'] as const) {
    for (const [index, record] of found[section].entries()) {
      const alone = { ...found, records: [record], authority: [], additional: [] };
      const words = `is no ${record.type} record`;
      checkAnswer(question, alone, { where: `${where}.${section}[${index}]`, words });
    }
  }
  checkAnswer(question, found, { where, words: 'is no answer' });
}

function checkAnswer(
  question: Buffer,
  found: DnsFinding,
  { where, words }: { readonly where: string; readonly words: string },
): void {
  try {
    writeAnswer(question, found);
  } catch (error) {
    throw corrupt(where, `${words}: ${errorWords(error)}`, error);
  }
}

/** The message counts only while it says what the records do: who edits them is not to be overruled by it. */
function withWire(found: DnsFinding, value: unknown): DnsFinding {
  if (typeof value !== 'string') return found;
  const wire = Buffer.from(value, 'base64');
  const said = readFinding(wire);
  const alike = said !== undefined && sayingOf(said) === sayingOf(found);
  return alike ? { ...found, wire } : found;
}

function sayingOf({ code, flags, records, authority, additional }: DnsFinding): string {
  return JSON.stringify([code, flags, records, authority, additional]);
}

function without(fields: Fields, members: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !members.includes(name)));
}
