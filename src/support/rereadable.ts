/** Something that was an async iterable of items and can be read several times, one reader after the other. */
export interface Rereadable<Item> extends AsyncIterable<Item> {
  /** Reads ahead until the end or until the sizes sum up to more than the limit; true when the end was reached. */
  readAhead(limit: number): Promise<boolean>;
  /** Says that nobody reads on, so that the source can let go of what it holds. */
  release(): Promise<void>;
  /** What has been read ahead so far. */
  readonly ahead: readonly Item[];
}

/** Wraps an iterable so that items read ahead are read again by the next reader; `sizeOf` is in the unit of the limit. */
export function rereadable<Item>(
  source: AsyncIterable<Item>,
  sizeOf: (item: Item) => number,
): Rereadable<Item> {
  const iterator = source[Symbol.asyncIterator]();
  const ahead: Item[] = [];
  let size = 0;
  let done = false;
  const next = async (): Promise<Item | undefined> => {
    if (done) return undefined;
    const result = await iterator.next();
    if (result.done === true) done = true;
    return result.done === true ? undefined : result.value;
  };
  const made: Rereadable<Item> = {
    ahead,
    async readAhead(limit) {
      while (!done && size <= limit) {
        const item = await next();
        if (item === undefined) break;
        ahead.push(item);
        size += sizeOf(item);
      }
      return done;
    },
    async release() {
      done = true;
      await iterator.return?.();
    },
    async *[Symbol.asyncIterator]() {
      let whole = false;
      try {
        yield* ahead;
        for (let item = await next(); item !== undefined; item = await next()) yield item;
        whole = true;
      } finally {
        if (!whole) await made.release();
      }
    },
  };
  all.add(made);
  return made;
}

const all = new WeakSet<object>();

/** Whether an iterable was made by `rereadable`. */
export function isRereadable<Item>(source: AsyncIterable<Item>): source is Rereadable<Item> {
  return all.has(source);
}
