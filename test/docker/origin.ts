import { join } from 'node:path';
import { execa } from 'execa';
import { images } from './engine.ts';
import type { Container, Stage } from './stage.ts';
import { apps } from './stage.ts';

/** The name that the origin has on its stage's network. */
export const originName = 'api.test';

/** A server in a container of its own, under a private authority. */
export interface Origin extends Container {
  /** The options that show the authority to a magneto, which then trusts it. */
  readonly trusted: readonly string[];
}

/** Starts an origin, and waits until it answers. */
export async function startOrigin(stage: Stage): Promise<Origin> {
  const pki = join(stage.folder, 'pki');
  await makeCertificates(pki);
  const command = [images.clients, 'node', '/apps/origin.ts'];
  const origin = await stage.start(originName, [...apps, `--volume=${pki}:/pki:ro`], command);
  const probe = `fetch('http://127.0.0.1/').then(() => 0, () => process.exit(1))`;
  for (let tries = 0; (await origin.exec('node', '--eval', probe)).status !== 0; tries += 1) {
    if (tries === 50) throw new Error(`the origin does not answer:\n${await origin.logs()}`);
  }
  return {
    ...origin,
    trusted: [
      `--volume=${pki}/ca.pem:/origin-ca.pem:ro`,
      '--env=MAGNETO_UPSTREAM_CA=/origin-ca.pem',
    ],
  };
}

/** Makes an authority and a certificate for the origin, in a folder that is not there yet. */
export async function makeCertificates(folder: string): Promise<void> {
  const script = `set -e
    mkdir "$1" && cd "$1"
    curve='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
    openssl req -x509 $curve -keyout ca.key -out ca.pem -days 2 -subj '/CN=Private CA'
    openssl req $curve -keyout leaf.key -out leaf.csr -subj '/CN=leaf'
    echo "subjectAltName=DNS:$2" >extensions
    openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -days 2 -extfile extensions -out leaf.pem
    chmod 0644 ca.pem leaf.key`;
  await execa('sh', ['-c', script, 'sh', folder, originName]);
}
