import { expect, test } from '@jest/globals';
import { withGround } from './ground.ts';

test('rooms that need no cassette are built, and can be closed', async () => {
  await withGround({}, async (ground, opened) => {
    expect(ground.authority.certificatePem).toContain('BEGIN CERTIFICATE');
    expect(ground.originalDestination).toBeUndefined();
    expect(opened.length).toBeGreaterThan(1);
  });
});

test('a port of its own is not captured, and nothing stays open', async () => {
  const env = { MAGNETO_TRANSPARENT: 'true', MAGNETO_REDIRECT_PORTS: '8888' };
  const built = withGround(env, () => Promise.reject(new Error('it was built')));
  await expect(built).rejects.toMatchObject({ code: 'CAPTURED_PORT_IS_OWN' });
});
