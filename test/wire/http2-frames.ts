/** The frames of HTTP/2 that tests send by hand (RFC 9113, 6). */
export const frameTypes = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** One frame. */
export function frame(
  type: keyof typeof frameTypes,
  options: { readonly id?: number; readonly flags?: number; readonly payload?: Buffer } = {},
): Buffer {
  const { id = 0, flags = 0, payload = Buffer.alloc(0) } = options;
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(frameTypes[type], 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

/** What begins a connection: the preface, and SETTINGS with a window of 2^31-1 for each stream. */
export const greeting = Buffer.concat([
  preface,
  frame('settings', { payload: Buffer.from([0, 4, 0x7f, 0xff, 0xff, 0xff]) }),
  frame('windowUpdate', { payload: Buffer.from([0x7f, 0, 0, 0]) }),
]);

/** The compressed fields of `GET http://a/`. */
export const getFields = Buffer.from([0x82, 0x86, 0x84, 0x41, 1, 0x61]);

/** A request that is nothing but a head; flags 5: it is whole. */
export function request(id: number, flags = 5): Buffer {
  return frame('headers', { id, flags, payload: getFields });
}

/** The code of the first GOAWAY frame among what was heard; nothing where there is none. */
export function goawayCode(heard: Buffer): number | undefined {
  for (let at = 0; at + 9 <= heard.length; at += 9 + heard.readUIntBE(at, 3)) {
    if (heard[at + 3] === frameTypes.goaway && at + 17 <= heard.length) {
      return heard.readUInt32BE(at + 13);
    }
  }
  return undefined;
}
