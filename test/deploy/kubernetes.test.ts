import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { loadSettings } from '../../src/config/config.ts';
import { describeWhere } from '../skip.ts';

interface Container {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly command?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly securityContext?: {
    readonly runAsUser?: number;
    readonly runAsGroup?: number;
    readonly runAsNonRoot?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
  readonly volumeMounts?: readonly { readonly name: string; readonly readOnly?: boolean }[];
}

interface Pod {
  readonly enableServiceLinks?: boolean;
  readonly automountServiceAccountToken?: boolean;
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
}

const folder = 'deploy/kubernetes';
const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));

/** The pods of a manifest, whatever makes them. */
function podsOf(file: string): readonly Pod[] {
  const documents = parseAllDocuments(readFileSync(`${folder}/${file}`, 'utf8'), {
    version: '1.1',
  });
  return documents.flatMap((document) => {
    const { spec } = document.toJS() as { readonly spec?: { readonly template?: { spec: Pod } } };
    return spec?.template === undefined ? [] : [spec.template.spec];
  });
}

const pods = files.flatMap((file) => podsOf(file).map((pod) => ({ file, pod })));
const sidecars = pods.filter(({ pod }) => pod.initContainers !== undefined);
const containers = pods.flatMap(({ file, pod }) =>
  [...(pod.initContainers ?? []), ...pod.containers].map((container) => ({
    title: `${file} ${container.name}`,
    container,
  })),
);
const ours = containers.filter(({ container }) => container.name.startsWith('magneto'));

/** A secret in a file, as the pod has them. */
const secret = join(mkdtempSync(join(tmpdir(), 'magneto-secret-')), 'token');
beforeAll(() => writeFileSync(secret, '0123456789abcdef\n'));
afterAll(() => rmSync(dirname(secret), { recursive: true }));

test('there are pods to look at', () => {
  expect([pods.length, sidecars.length, ours.length]).toEqual([3, 2, 7]);
});

test.each(pods)('$file: nobody is given variables or tokens that nobody asked for', ({ pod }) => {
  expect(pod).toMatchObject({ enableServiceLinks: false, automountServiceAccountToken: false });
});

test.each(ours)('$title: has variables that magneto takes', ({ container }) => {
  const env = Object.fromEntries(
    (container.env ?? []).map(({ name, value }) => [name, name.endsWith('_FILE') ? secret : value]),
  );
  expect(() => loadSettings({ env })).not.toThrow();
});

test.each(ours)(
  '$title: has no right but to write rules, and only where it does',
  ({ container }) => {
    const { securityContext } = container;
    const writesRules = container.name === 'magneto-rules';
    expect(securityContext).toMatchObject({
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    });
    expect(securityContext?.capabilities?.add ?? []).toEqual(writesRules ? ['NET_ADMIN'] : []);
  },
);

describe.each(sidecars)('$file', ({ pod }) => {
  const init = pod.initContainers ?? [];
  const [rules, proxy, verify] = init;

  test('comes in order: rules, proxy, proof', () => {
    expect(init.map(({ name }) => name)).toEqual(['magneto-rules', 'magneto', 'magneto-verify']);
    expect(proxy?.restartPolicy).toBe('Always');
    expect(rules?.restartPolicy).toBeUndefined();
  });

  test('the rules exempt the proxy, and whoever proves them is not exempt', () => {
    const words = rules?.command ?? [];
    const exempt = {
      runAsUser: Number(words[words.indexOf('--uid') + 1]),
      runAsGroup: Number(words[words.indexOf('--gid') + 1]),
    };
    expect(proxy?.securityContext).toMatchObject({ ...exempt, runAsNonRoot: true });
    expect(verify?.securityContext).not.toMatchObject(exempt);
  });

  test('the key of the CA is in no container but the proxy', () => {
    const holders = [...init, ...pod.containers].filter(({ volumeMounts = [] }) =>
      volumeMounts.some(({ name }) => name === 'certs'),
    );
    expect(holders.map(({ name }) => name)).toEqual(['magneto']);
  });

  test('the application reads the trust kit, and writes nothing into it', () => {
    for (const { volumeMounts = [] } of pod.containers) {
      expect(volumeMounts).toContainEqual({ name: 'trust', mountPath: '/trust', readOnly: true });
    }
  });
});

const validator = ['-m', 'kubernetes_validate', '--strict', '--quiet'];
const environment = { ...process.env, PYTHONPATH: '.ci/python' };
const found = spawnSync('python3', [...validator, '--help'], { env: environment }).status === 0;

describeWhere(
  { ok: found, reason: 'the Python module kubernetes_validate is missing (.ci/run installs it)' },
  'the schema of Kubernetes',
  () => {
    const validate = (path: string) =>
      spawnSync('python3', [...validator, path], { env: environment, encoding: 'utf8' });

    test.each(files)('%s is valid, and has no member that there is not', (file) => {
      const { status, stdout, stderr } = validate(`${folder}/${file}`);
      expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
    });

    test('what is not valid is found', () => {
      expect(validate('docker-compose.example.yml').status).not.toBe(0);
    });
  },
);
