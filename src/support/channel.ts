/** A bounded queue between one writer and one reader. */
export interface Channel<Item> extends AsyncIterable<Item> {
  /** Adds an item; resolves once the reader has room for more. Items after `end` are dropped. */
  push(item: Item): Promise<void>;
  /** Says that no more items come; those queued are still read. */
  end(): void;
}

/** Makes a channel that lets its writer run ahead by `limit` items. It can be read once. */
export function createChannel<Item>(limit = 16): Channel<Item> {
  const items: Item[] = [];
  let ended = false;
  let wakeReader: (() => void) | undefined;
  let wakeWriters: (() => void)[] = [];
  const wake = (): void => {
    wakeReader?.();
    wakeReader = undefined;
  };
  const release = (): void => {
    const waiting = wakeWriters;
    wakeWriters = [];
    for (const resume of waiting) resume();
  };
  async function* read(): AsyncGenerator<Item, void> {
    try {
      for (;;) {
        const item = items.shift();
        if (item !== undefined) {
          if (items.length < limit) release();
          yield item;
        } else if (ended) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            wakeReader = resolve;
          });
        }
      }
    } finally {
      ended = true;
      items.length = 0;
      release();
    }
  }
  return {
    async push(item) {
      if (ended) return;
      items.push(item);
      wake();
      if (items.length >= limit) {
        await new Promise<void>((resolve) => {
          wakeWriters.push(resolve);
        });
      }
    },
    end() {
      ended = true;
      wake();
      release();
    },
    [Symbol.asyncIterator]: read,
  };
}
