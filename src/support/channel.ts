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
  const reader = bell();
  const writers = bell();
  async function* read(): AsyncGenerator<Item, void> {
    try {
      for (;;) {
        while (items.length === 0) {
          if (ended) return;
          await reader.rung();
        }
        const [item] = items.splice(0, 1) as [Item];
        if (items.length < limit) writers.ring();
        yield item;
      }
    } finally {
      ended = true;
      items.length = 0;
      writers.ring();
    }
  }
  return {
    async push(item) {
      if (ended) return;
      items.push(item);
      reader.ring();
      if (items.length >= limit) await writers.rung();
    },
    end() {
      ended = true;
      reader.ring();
      writers.ring();
    },
    [Symbol.asyncIterator]: read,
  };
}

/** Something to wait for; ringing wakes everyone who waits then. */
function bell(): { readonly ring: () => void; readonly rung: () => Promise<void> } {
  let waiting: (() => void)[] = [];
  return {
    ring() {
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
    rung() {
      return new Promise((resolve) => {
        waiting.push(resolve);
      });
    },
  };
}
