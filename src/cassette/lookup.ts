import type { Interaction, RecordedLookup } from '../exchange/interaction.ts';
import { lookupRequest } from '../exchange/interaction.ts';
import type { Fields } from './check.ts';
import { corrupt, fieldsOf, listOf, numberField, textField } from './check.ts';

/** The members of a tree that hold a question for a name, and what was found. */
export function lookupTree({ name, type, code, addresses, ttl }: RecordedLookup): Fields {
  return { question: { name, type }, answer: { code, addresses, ttl } };
}

/** What those members hold. @throws Failure CASSETTE_CORRUPT, naming the field */
export function readLookup(tree: Fields, where: string): Pick<Interaction, 'lookup' | 'request'> {
  const question = fieldsOf(tree['question'], `${where}.question`);
  const answer = fieldsOf(tree['answer'], `${where}.answer`);
  const here = `${where}.answer.addresses`;
  const lookup: RecordedLookup = {
    name: textField(question, 'name', `${where}.question`),
    type: textField(question, 'type', `${where}.question`),
    code: textField(answer, 'code', `${where}.answer`),
    addresses: listOf(answer['addresses'], here).map((address) => {
      if (typeof address !== 'string') throw corrupt(here, 'has an entry that is no text');
      return address;
    }),
    ttl: numberField(answer, 'ttl', `${where}.answer`),
  };
  return { lookup, request: lookupRequest(lookup) };
}
