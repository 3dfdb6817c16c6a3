import { connect } from 'node:tls';
import { describe, expect, test } from '@jest/globals';
import type { Offer } from '../../src/exchange/upstream.ts';
import { describeWhere } from '../skip.ts';
import { program, run } from '../tls/tools.ts';
import { helloOf } from './hellos.ts';
import { dial, dialTls, next, openTunnel, pause, until, withIntake } from './tools.ts';

/** Sends the hello of a real program, and leaves without a word when the answer has come. */
async function leaveAtTheCertificate(port: number, name: string): Promise<void> {
  const { socket: client } = await openTunnel(port, 'a.test:443');
  client.write(helloOf(name));
  await next(client);
  client.destroy();
}

describe('a client that does not trust the certificate', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'and checks after the handshake, %s',
    async (version) => {
      await withIntake({}, async (stage) => {
        const client = connect({
          host: '127.0.0.1',
          port: stage.port,
          servername: 'a.test',
          maxVersion: version,
        });
        client.on('error', () => {});
        await until(() => stage.refused.length === 1);
        expect(stage.refused[0]).toMatchObject({
          host: 'a.test:443',
          runtime: 'Node',
          how: expect.stringMatching(/^left (?:during|after) the handshake$/),
          failure: { code: 'CLIENT_REJECTED_CERTIFICATE' },
        });
        await until(() => stage.intake.connections === 0);
      });
    },
  );

  test('is not seen in one that is merely silent, or has spoken', async () => {
    await withIntake({}, async (stage) => {
      const trust = { ca: stage.authority.certificatePem, servername: 'a.test' };
      const silent = await dialTls({ ...trust, port: stage.port });
      // However long its handshake took, who idles for two seconds has not refused.
      await pause(2100);
      silent.destroy();
      const spoken = await dialTls({ ...trust, port: stage.port });
      spoken.write('GET ');
      await pause(10);
      spoken.destroy();
      await until(() => stage.lost.length === 1 && stage.streams.length === 1);
      const again = await dialTls({ ...trust, port: stage.port });
      again.destroy();
      await until(() => stage.intake.connections === 0);
      expect(stage.refused).toEqual([]);
    });
  });

  test('is not seen in one that merely connects, nor in one that looks whether TLS answers', async () => {
    await withIntake({ trustDir: '/trust' }, async (stage) => {
      (await dial(stage.port)).destroy();
      await leaveAtTheCertificate(stage.port, 'openssl-s_client');
      await until(() => stage.lost.length === 2 && stage.intake.connections === 0);
      expect(stage.refused).toEqual([]);
    });
  });

  test('is seen in one that leaves during the handshake, so long as it was not kept waiting', async () => {
    let waitMs = 0;
    const offer = async (): Promise<Offer> => {
      await pause(waitMs);
      return { type: 'unknown' };
    };
    await withIntake({ offer, trustDir: '/trust' }, async (stage) => {
      const leave = async (): Promise<void> => {
        const before = stage.lost.length;
        await leaveAtTheCertificate(stage.port, 'java-httpclient');
        await until(() => stage.lost.length > before);
      };
      await leave();
      expect(stage.refused).toMatchObject([{ runtime: 'Java', how: 'left during the handshake' }]);
      expect(stage.refused[0]?.failure.message).toMatch(
        /JAVA_TOOL_OPTIONS=.*\/trust\/truststore\.p12/,
      );
      waitMs = 1100;
      await leave();
      expect(stage.refused).toHaveLength(1);
    });
  });

  describeWhere(program('curl', '--version'), 'curl', () => {
    test.each(['1.2', '1.3'])('TLS %s', async (version) => {
      await withIntake({}, async (stage) => {
        const proxy = ['--proxy', `http://127.0.0.1:${stage.port}`, '--tls-max', version];
        await expect(run('curl', '-sS', ...proxy, 'https://a.test/')).rejects.toThrow(
          /certificate/,
        );
        await until(() => stage.refused.length === 1);
        expect(stage.refused[0]?.failure.message).toMatch(
          /probably curl, .* a\.test:443 \(a\.test, h2, http\/1\.1\): alert unknown_ca; CURL_CA_BUNDLE=/,
        );
      });
    });
  });

  describeWhere(program('openssl', 'version'), 'openssl', () => {
    test('s_client', async () => {
      await withIntake({}, async (stage) => {
        const where = ['-connect', `127.0.0.1:${stage.port}`, '-servername', 'a.test'];
        const said = run('openssl', 's_client', ...where, '-verify_return_error');
        await expect(said).rejects.toThrow(/verify/);
        await until(() => stage.refused.length === 1);
      });
    });
  });
});

describeWhere(program('openssl', 'version'), 'a client of old, openssl s_client', () => {
  test.each([
    ['-tls1', 'DEFAULT', 'TLSv1'],
    ['-tls1_1', 'DEFAULT', 'TLSv1.1'],
    // What Java 6 has: no elliptic curves.
    ['-tls1', 'AES128-SHA', 'TLSv1'],
  ])('%s with %s is served', async (flag, ciphers, protocol) => {
    await withIntake({}, async (stage) => {
      const where = ['-connect', `127.0.0.1:${stage.port}`, '-servername', 'a.test'];
      const trust = ['-CAfile', stage.authority.certificateFile, '-verify_return_error'];
      const cipher = ['-cipher', `${ciphers}@SECLEVEL=0`];
      const said = await run('openssl', 's_client', ...where, ...trust, flag, ...cipher);
      expect(said).toMatch(new RegExp(`Protocol\\s*: ${protocol.replace('.', '\\.')}\n`));
      expect(said).toContain('Verify return code: 0 (ok)');
    });
  });

  test('that says no server name is shown the name that it was told the address for', async () => {
    const options = {
      nameAt: (address: string) => (address === '10.0.0.9' ? 'old.test' : undefined),
      originalDestination: () => ({ address: '10.0.0.9', port: 443 }),
    };
    await withIntake(options, async (stage) => {
      const where = ['-connect', `127.0.0.1:${stage.port}`, '-noservername'];
      const cipher = ['-cipher', 'DEFAULT@SECLEVEL=0'];
      const old = await run('openssl', 's_client', ...where, ...cipher, '-tls1');
      expect(old).toMatch(/subject=CN = old\.test\n/);
      const today = await run('openssl', 's_client', ...where);
      expect(today).toMatch(/subject=CN = 10\.0\.0\.9\n/);
    });
  });

  test('drags nobody else down: who offers TLS 1.2 gets no signature by SHA-1', async () => {
    await withIntake({}, async (stage) => {
      const where = ['-connect', `127.0.0.1:${stage.port}`, '-servername', 'a.test'];
      const weak = ['-sigalgs', 'RSA+SHA1', '-cipher', 'DEFAULT@SECLEVEL=0'];
      const said = run('openssl', 's_client', ...where, '-tls1_2', ...weak);
      await expect(said).rejects.toThrow(/handshake failure/);
    });
  });
});
