import { execa } from 'execa';
import { docker } from './engine.ts';
import type { Container, Ended, Stage } from './stage.ts';

/** A container of a manifest: the members that the kubelet would heed, and a run on this engine does. */
export interface PodContainer {
  readonly name: string;
  readonly restartPolicy?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value: string }[];
  readonly securityContext?: SecurityContext;
  readonly volumeMounts?: readonly VolumeMount[];
  readonly startupProbe?: { readonly httpGet: { readonly path: string } };
}

/** A pod of a manifest. */
export interface Pod {
  readonly securityContext?: { readonly fsGroup?: number };
  readonly initContainers?: readonly PodContainer[];
  readonly containers: readonly PodContainer[];
}

interface SecurityContext {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly readOnlyRootFilesystem?: boolean;
  readonly allowPrivilegeEscalation?: boolean;
  readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
}

interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
}

/** What a manifest leaves to those who run it. */
export interface PodRun {
  readonly pod: Pod;
  /** The image of each container. */
  readonly imageOf: (container: PodContainer) => string;
  /** Where each volume is on this machine. */
  readonly volumes: Readonly<Record<string, string>>;
  /** More options of the pod's own containers. */
  readonly mounts: readonly string[];
  /** What the pod's own containers run. */
  readonly words: readonly string[];
}

/**
 * Runs a pod as the kubelet would: a namespace, the init containers one after the other (those that
 * restart stay, once their start-up probe has passed), then its one container, to its end.
 */
export async function runPod(stage: Stage, run: PodRun): Promise<Ended> {
  const { pod } = run;
  const holder = await stage.start('pod', [], [pauses(run), 'sleep', '600']);
  for (const container of pod.initContainers ?? []) {
    const words = [...(container.command ?? []), ...(container.args ?? [])];
    const options = optionsOf(run, container, holder);
    if (container.restartPolicy === 'Always') {
      const sidecar = await stage.start(container.name, options, [
        run.imageOf(container),
        ...words,
      ]);
      await probed(sidecar, container);
    } else {
      const ended = await stage.run(options, [run.imageOf(container), ...words]);
      if (ended.status !== 0) throw new Error(`${container.name}: ${ended.stderr}`);
    }
  }
  const [main] = pod.containers;
  if (main === undefined) throw new Error('a pod has a container');
  const options = [...optionsOf(run, main, holder), ...run.mounts];
  return stage.run(options, [run.imageOf(main), ...run.words]);
}

function pauses({ pod, imageOf }: PodRun): string {
  const [main] = pod.containers;
  return main === undefined ? '' : imageOf(main);
}

function optionsOf(
  { pod, volumes }: PodRun,
  { env = [], securityContext = {}, volumeMounts = [] }: PodContainer,
  holder: Container,
): readonly string[] {
  const { runAsUser, runAsGroup, readOnlyRootFilesystem, capabilities } = securityContext;
  const user = runAsUser === undefined ? [] : [`--user=${runAsUser}:${runAsGroup ?? 0}`];
  const { fsGroup } = pod.securityContext ?? {};
  return [
    `--network=container:${holder.name}`,
    '--entrypoint=',
    ...user,
    ...(fsGroup === undefined ? [] : [`--group-add=${fsGroup}`]),
    ...(readOnlyRootFilesystem === true ? ['--read-only'] : []),
    ...(securityContext.allowPrivilegeEscalation === false
      ? ['--security-opt=no-new-privileges']
      : []),
    ...(capabilities?.drop ?? []).map((name) => `--cap-drop=${name}`),
    ...(capabilities?.add ?? []).map((name) => `--cap-add=${name}`),
    ...env.map(({ name, value }) => `--env=${name}=${value}`),
    ...volumeMounts.map(
      ({ name, mountPath, readOnly }) =>
        `--volume=${volumes[name] ?? name}:${mountPath}${readOnly === true ? ':ro' : ''}`,
    ),
  ];
}

/** The image's own health check asks what the probe of the manifest asks. */
async function probed(sidecar: Container, { startupProbe }: PodContainer): Promise<void> {
  if (startupProbe?.httpGet.path !== '/health') throw new Error('no start-up probe');
  await sidecar.healthy();
}

/** Makes volumes that belong to a group, as those of a pod do. */
export async function groupVolumes(
  stage: Stage,
  image: string,
  names: readonly string[],
): Promise<Record<string, string>> {
  const volumes: Record<string, string> = {};
  for (const name of names) {
    const volume = `${stage.network}-${name}`;
    await docker('volume', 'create', volume);
    const own = 'chown 0:1000 /volume && chmod 2775 /volume';
    await docker(
      'run',
      '--rm',
      '--entrypoint=',
      `--volume=${volume}:/volume`,
      image,
      'sh',
      '-c',
      own,
    );
    volumes[name] = volume;
  }
  return volumes;
}

/** Removes them. */
export async function removeVolumes(volumes: Readonly<Record<string, string>>): Promise<void> {
  await execa('docker', ['volume', 'rm', '--force', ...Object.values(volumes)], { reject: false });
}
