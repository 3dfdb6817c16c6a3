/** A cache with a bound: the entry that was not asked for longest goes first. */
export interface BoundedCache<V> {
  readonly size: number;
  get(key: string): V | undefined;
  /** Keeps a value until `expiresAt` (milliseconds since the epoch), or until it has to make room. */
  set(key: string, value: V, expiresAt: number): void;
  delete(key: string): void;
}

/** Makes an empty cache of at most `entriesMax` entries; `now` is the clock, `Date.now` by default. */
export function createBoundedCache<V>(
  entriesMax: number,
  now: () => number = Date.now,
): BoundedCache<V> {
  const entries = new Map<string, { readonly value: V; readonly expiresAt: number }>();
  return {
    get size() {
      return entries.size;
    },
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (entry.expiresAt <= now()) return undefined;
      // A map keeps the order of insertion: what was asked for last goes to the end.
      entries.set(key, entry);
      return entry.value;
    },
    set(key, value, expiresAt) {
      entries.delete(key);
      entries.set(key, { value, expiresAt });
      const [oldest] = entries.keys();
      if (entries.size > entriesMax && oldest !== undefined) entries.delete(oldest);
    },
    delete(key) {
      entries.delete(key);
    },
  };
}
