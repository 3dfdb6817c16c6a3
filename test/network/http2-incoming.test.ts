import { connect } from 'node:http2';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fieldsOf, Incoming } from '../../src/network/http2-incoming.ts';
import { data, fields, frames, framesServer, reset } from './http2-world.ts';
import { eventually, withServer } from './world.ts';

const head = (id: number): Buffer => fields(id, [[':status', '200']]);

/** What comes on one stream, of which a server says some frames in some pieces. */
async function withIncoming(
  says: (id: number) => readonly Buffer[],
  body: (incoming: Incoming) => Promise<void>,
): Promise<void> {
  const serve = framesServer(({ type, id }, say) => {
    if (type === frames.headers) for (const bytes of says(id)) say(bytes);
  });
  await withServer(serve, async ({ port }) => {
    const session = connect(`http://127.0.0.1:${port}`);
    session.on('error', () => {});
    const stream = session.request({ ':path': '/' });
    stream.on('error', () => {});
    await body(new Incoming(stream, performance.now()));
    session.destroy();
  });
}

test('fields are those that are no first line', () => {
  const raw = [':status', '200', 'a', '1', 'B', '2', 'a', '3'];
  expect(fieldsOf(raw)).toEqual([
    ['a', '1'],
    ['B', '2'],
    ['a', '3'],
  ]);
});

describe('what comes on a stream', () => {
  test('is whole once it came to its end, with what follows it', async () => {
    const end = (id: number) => fields(id, [['x', 'y']], true);
    await withIncoming(
      (id) => [head(id), data(id, 'abc'), end(id)],
      async (incoming) => {
        await eventually(() => incoming.whole);
        expect(incoming.trailers).toEqual([['x', 'y']]);
        expect(incoming.atOnce()?.toString()).toBe('abc');
      },
    );
  });

  test('is not at once where it has several pieces, or is not whole', async () => {
    await withIncoming(
      (id) => [Buffer.concat([head(id), data(id, 'abc'), data(id, 'd', true)])],
      async (incoming) => {
        await eventually(() => incoming.whole);
        expect(incoming.atOnce()).toBeUndefined();
      },
    );
    await withIncoming(
      (id) => [head(id), data(id, 'abc'), reset(id, 0)],
      async (incoming) => {
        const told: boolean[] = [];
        for await (const { bytes } of incoming.parts((all) => told.push(all))) {
          expect(bytes.toString()).toBe('abc');
        }
        expect(incoming.whole).toBe(false);
        expect(incoming.atOnce()).toBeUndefined();
        expect(told).toEqual([false]);
      },
    );
  });

  test('is all that was said, however it was cut and however slowly it is read', async () => {
    const cut = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(cut, fc.integer({ min: 0, max: 3 }), async (lengths, pauseMs) => {
        // Together below the window of a stream, as this server asks for no leave.
        const sizes = lengths.map((length) => Math.min(length, 8000));
        await withIncoming(
          (id) => [
            head(id),
            ...sizes.map((size) => data(id, 'x'.repeat(size))),
            data(id, '', true),
          ],
          async (incoming) => {
            let came = 0;
            let all = false;
            const read = incoming.parts((whole) => {
              all = whole;
            });
            for await (const { bytes } of read) {
              came += bytes.length;
              await new Promise((resolve) => {
                setTimeout(resolve, pauseMs);
              });
            }
            expect(came).toBe(sizes.reduce((sum, size) => sum + size, 0));
            expect(all).toBe(true);
          },
        );
      }),
      { numRuns: 15 },
    );
  });
});
