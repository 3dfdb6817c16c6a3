import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { describeWhere } from '../skip.ts';
import { hasPostgres, startPostgres } from './data-servers.ts';
import { withTunnelled } from './tunnelled.ts';
import { modeIn, twice, withAppliance, withFolder } from './with-appliance.ts';

const run = promisify(execFile);

/** Asks as people do, with psql. */
async function psql(port: number, how: string, query: string): Promise<string> {
  const where = `host=localhost port=${port} user=tester dbname=postgres ${how}`;
  const { stdout } = await run('psql', ['-X', '-At', where, '-c', query], { timeout: 20_000 });
  return stdout.trim();
}

const needed = { ok: hasPostgres(), reason: 'PostgreSQL is not installed' };
const isSecure = 'select ssl from pg_stat_ssl where pid = pg_backend_pid()';

describeWhere(needed, 'PostgreSQL', () => {
  test('passes through, plain and after its own request for TLS', async () => {
    const server = await startPostgres();
    try {
      await withFolder(async (folder) => {
        const { receipt } = await withAppliance(modeIn(folder, 'passthrough'), ({ via }) =>
          withTunnelled(via, `localhost:${server.port}`, async (port) => {
            expect(await psql(port, 'sslmode=disable', isSecure)).toBe('f');
            const how = `sslmode=verify-ca sslrootcert=${server.caFile}`;
            expect(await psql(port, how, isSecure)).toBe('t');
            expect(await psql(port, how, "select repeat('x', 100000)")).toHaveLength(100_000);
          }),
        );
        expect(receipt).toMatchObject({ streams: 3, recorded: 0 });
      });
    } finally {
      await server.stop();
    }
  });

  test('is replayed where it was recorded in plain text', async () => {
    const server = await startPostgres();
    const [live, again] = await twice(
      server,
      ({ via }) =>
        withTunnelled(via, `localhost:${server.port}`, (port) =>
          psql(port, 'sslmode=disable', 'select 6 * 7'),
        ),
      () => ({ MAGNETO_RAW: 'record' }),
    );
    expect(live).toBe('42');
    expect(again).toBe('42');
  });

  test('that goes over to TLS is told of, and not taken for a whole recording', async () => {
    const server = await startPostgres();
    const how = `sslmode=verify-ca sslrootcert=${server.caFile}`;
    const [live, again] = await twice(
      server,
      (running) =>
        withTunnelled(running.via, `localhost:${server.port}`, async (port) => ({
          said: await psql(port, how, isSecure).catch(() => 'failed'),
          log: running.log.map(({ msg }) => String(msg)).filter((msg) => msg.includes('STREAM_')),
        })),
      () => ({ MAGNETO_RAW: 'record' }),
    );
    expect(live.said).toBe('t');
    expect(live.log).toEqual([expect.stringContaining('STREAM_ENCRYPTED')]);
    expect(again.said).toBe('failed');
  });
});
