import type { Body } from './conversation.ts';
import type { Answer } from './upstream.ts';

/**
 * The same object with some properties replaced; getters stay getters, because an outcome or an
 * abort signal that is read too early would be frozen at a wrong value or made for nothing.
 */
export function withChanges<Whole extends object>(whole: Whole, changes: Partial<Whole>): Whole {
  const descriptors = { ...Object.getOwnPropertyDescriptors(whole) };
  const changed = Object.getOwnPropertyDescriptors(changes);
  return Object.create(Object.prototype, { ...descriptors, ...changed }) as Whole;
}

/** The same answer with another body. */
export function withBody(answer: Answer, body: Body): Answer {
  return withChanges(answer, { body });
}
