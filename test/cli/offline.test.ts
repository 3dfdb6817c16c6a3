import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import type { Applied, RouteState } from '../../src/capture/capture.ts';
import { goOffline } from '../../src/cli/offline.ts';
import type { Mode } from '../../src/mode/mode.ts';
import { withFolder } from '../end-to-end/with-appliance.ts';

interface Case {
  readonly mode: Mode;
  readonly ipv6?: Applied['ipv6'];
  readonly state?: RouteState;
  /** The name of the cassette; `there` is. */
  readonly name?: string;
}

async function went({ mode, ipv6 = 'captured', state = 'made', name = 'there' }: Case) {
  const asked: string[] = [];
  let line: string | undefined;
  await withFolder(async (folder) => {
    await writeFile(join(folder, 'there.json'), '{}');
    for (const format of ['json', 'msgpack']) await writeFile(join(folder, `twice.${format}`), '');
    await mkdir(join(folder, 'other'));
    const { offline } = await goOffline(
      { backend: 'nft', ipv6, warnings: [] },
      { mode, cassetteDir: folder, cassetteName: name },
      async (families) => {
        asked.push(...families);
        return Object.fromEntries(families.map((family) => [family, state]));
      },
    );
    line = offline;
  });
  return { asked, line };
}

test.each([
  { mode: 'replay', name: 'there' },
  { mode: 'replay', name: 'absent' },
  { mode: 'auto', name: 'there' },
  { mode: 'auto', name: 'twice' },
] as const)('mode $mode with cassette $name is reached without a network', async (given) => {
  expect(await went(given)).toEqual({
    asked: ['v4', 'v6'],
    line: 'no route to the outside over IPv4 and IPv6: connections are led here over loopback',
  });
});

test.each([
  { mode: 'record', name: 'there' },
  { mode: 'passthrough', name: 'there' },
  { mode: 'hybrid', name: 'there' },
  { mode: 'auto', name: 'absent' },
] as const)('mode $mode with cassette $name is left alone', async (given) => {
  expect(await went(given)).toEqual({ asked: [], line: undefined });
});

test('only what is captured is led here, and only what was done is said', async () => {
  expect((await went({ mode: 'replay', ipv6: 'refused' })).asked).toEqual(['v4']);
  expect((await went({ mode: 'replay', state: 'there' })).line).toBeUndefined();
});
