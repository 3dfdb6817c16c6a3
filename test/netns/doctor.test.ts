import { afterEach, expect, test } from '@jest/globals';
import { withFolder } from '../end-to-end/with-appliance.ts';
import { describeWhere } from '../skip.ts';
import { capturesWith, withNamespaces } from './namespaces.ts';
import { endAll, install, ran, serve, uid, within } from './transparent.ts';

const there = capturesWith('curl', 'setpriv');

afterEach(endAll);

describeWhere(there, 'magneto doctor, in a network without a way out', () => {
  test(
    'finds what is missing, and nothing once it is there, as root and as any user',
    () =>
      withFolder(async (folder) => {
        const installed = await install(folder);
        const { node, bundle } = installed;
        await withNamespaces(1, async (app) => {
          const root = [...app.through, node, bundle];
          const missing = await ran([...root, 'doctor']);
          expect(missing).toMatch(/^ended with 1: /);
          expect(missing).toMatch(/fail +control plane/);
          expect(missing).toMatch(/warn +route IPv4 +none.*\n +add: ip route add default dev lo/);
          expect(missing).toMatch(/fail +rules +none stand/);

          await ran([...root, 'rules', 'apply', '--uid', String(uid)], { MAGNETO_MODE: 'replay' });
          const magneto = await serve(app, installed, {
            MAGNETO_TRANSPARENT: 'true',
            MAGNETO_MODE: 'passthrough',
          });
          const whole = await ran([...root, 'doctor']);
          for (const layer of [
            'control plane',
            'route IPv4',
            'rules',
            'capture',
            'names',
            'clock',
          ]) {
            expect(whole).toMatch(new RegExp(`ok +${layer}`));
          }
          const anybody = within(app, installed, { user: 4711, gid: 4711 });
          const said = await ran([...anybody, node, bundle, 'doctor']);
          expect(said).toMatch(/unknown +rules +only root/);
          expect(said).toMatch(/ok +capture +4 of 4/);
          expect(said).toMatch(/ok +names/);
          // It asked no name, and made no exchange.
          const { stdout } = await magneto.stop();
          expect(stdout).not.toContain('"msg":"exchange"');

          const rest = await ran([...root, 'doctor']);
          expect(rest).toMatch(/^ended with 1: /);
        });
      }),
    120_000,
  );
});
