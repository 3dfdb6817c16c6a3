import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { runCommand } from '../../src/capture/command.ts';
import { absentStatus, runtimes } from '../../src/cli/doctor-runtimes.ts';
import { startMagneto } from '../end-to-end/child.ts';
import { has } from '../end-to-end/real-servers.ts';
import { modeIn, withFolder } from '../end-to-end/with-appliance.ts';

const there = runtimes.filter(({ command }) => has(command));

test('Node and curl are among the runtimes that can be asked here', () => {
  expect(there.map(({ name }) => name)).toEqual(expect.arrayContaining(['node', 'curl']));
});

describe.each(there)('$name', (runtime) => {
  test(
    'trusts the CA with the line that it is told to add, and without it does not',
    () =>
      withFolder(async (folder) => {
        const magneto = await startMagneto(modeIn(folder, 'passthrough'));
        const trustDir = join(folder, 'certs');
        const target = { host: '127.0.0.1', port: magneto.via.proxyPort, trustDir };
        const [name = '', file = ''] = runtime.add(trustDir).split('=');
        const ask = (trusts: string) =>
          runCommand('env', [
            '-u',
            'NODE_EXTRA_CA_CERTS',
            '-u',
            'CURL_CA_BUNDLE',
            '-u',
            'REQUESTS_CA_BUNDLE',
            `${name}=${trusts}`,
            runtime.command,
            ...runtime.args(target),
          ]);
        // The CA alone does for what the kit's bundle does as well.
        const trusting = await ask(file.replace('bundle.pem', 'ca.pem'));
        const passed = runtime.passed ?? (() => trusting.ok);
        if (trusting.status === absentStatus) return;
        expect({ passed: passed(trusting.stderr), said: trusting.stderr }).toMatchObject({
          passed: true,
        });
        const other = await ask('/etc/ssl/certs/ca-certificates.crt');
        expect(other.ok).toBe(false);
        expect(runtime.passed?.(other.stderr) ?? false).toBe(false);
        expect(other.stderr).toMatch(/certif|verif|ssl|tls/i);
        await magneto.stop();
      }),
    30_000,
  );
});
