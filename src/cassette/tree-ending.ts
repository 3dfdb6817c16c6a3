import type { Ending } from '../exchange/conversation.ts';
import { endingTypes } from '../exchange/conversation.ts';
import type { Fields } from './check.ts';
import { headersField, numberField, textField, wordField } from './check.ts';

/** An ending as a plain object; trailers that there are not are left out. */
export function endingTree(ending: Ending): Fields {
  const bare = ending.type === 'finished' && ending.trailers.length === 0;
  return bare ? { type: 'finished' } : { ...ending };
}

/** The ending of a plain object. @throws Failure CASSETTE_CORRUPT, naming the field */
export function readEnding(fields: Fields, where: string): Ending {
  const type = wordField(fields, 'type', { words: endingTypes, where });
  const by = () => wordField(fields, 'by', { words: ['client', 'server'], where });
  switch (type) {
    case 'finished': {
      const bare = fields['trailers'] === undefined;
      return { type, trailers: bare ? [] : headersField(fields, 'trailers', where) };
    }
    case 'goaway':
      return { type, code: numberField(fields, 'code', where) };
    case 'closed': {
      const code = numberField(fields, 'code', where);
      return { type, by: by(), code, reason: textField(fields, 'reason', where) };
    }
    case 'reset': {
      const bare = fields['code'] === undefined;
      return { type, by: by(), ...(bare ? {} : { code: numberField(fields, 'code', where) }) };
    }
    case 'cut':
      return { type, by: by() };
    case 'tls': {
      const reason = textField(fields, 'reason', where);
      return { type, code: textField(fields, 'code', where), reason };
    }
    case 'dns':
      return { type, code: textField(fields, 'code', where) };
    case 'refused':
    case 'timedOut':
      return { type };
  }
}
