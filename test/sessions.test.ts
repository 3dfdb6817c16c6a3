import { expect, test } from '@jest/globals';
import { openRun } from '../src/sessions.ts';
import { withGround } from './ground.ts';

test('a session acts as the settings and what stands on disk decide', async () => {
  await withGround({ MAGNETO_CASSETTE_NAME: 'login/ok' }, async (ground) => {
    const session = await openRun(ground, () => false);
    expect(session).toMatchObject({ name: 'login/ok', acts: 'record', loaded: 0 });
    await session.discard();
  });
});

test('what is to be replayed has to be there', async () => {
  await withGround({ MAGNETO_MODE: 'replay' }, async (ground) => {
    await expect(openRun(ground, () => false)).rejects.toMatchObject({
      code: 'CASSETTE_NOT_FOUND',
    });
  });
});
