import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import { parse } from 'yaml';

const project = 'examples/docker-vcr/python-flask';

interface Job {
  readonly image: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly before_script: readonly string[];
  readonly script: readonly string[];
}

interface Workflow {
  readonly env: Readonly<Record<string, string>>;
  readonly jobs: {
    readonly replay: {
      readonly defaults: { readonly run: { readonly 'working-directory': string } };
      readonly steps: readonly { readonly run?: string }[];
    };
  };
}

function read(name: string): unknown {
  return parse(readFileSync(`examples/ci/${name}`, 'utf8'), { strict: true });
}

/** The commands of both, and the environment that they run in. */
function recipes(): readonly (readonly [
  name: string,
  commands: readonly string[],
  variables: Readonly<Record<string, string>>,
])[] {
  const { env, jobs } = read('github-actions.yml') as Workflow;
  const { replay } = read('gitlab-ci.yml') as { replay: Job };
  const steps = jobs.replay.steps.flatMap(({ run }) => run ?? []);
  const lines = [...replay.before_script, ...replay.script];
  return [
    ['github-actions.yml', steps, env],
    ['gitlab-ci.yml', lines, replay.variables],
  ];
}

test.each(recipes())(
  'examples/ci/%s is of commands that a shell reads',
  async (_name, commands) => {
    expect(commands.length).toBeGreaterThan(2);
    for (const command of commands) await execa('sh', ['-n'], { input: command });
  },
);

test.each(recipes())(
  'examples/ci/%s runs a project that there is',
  (_name, _commands, variables) => {
    const files = variables['COMPOSE_FILE']?.split(':') ?? [];
    const text = files.map((file) => readFileSync(`${project}/${file}`, 'utf8')).join('');
    expect(files).toHaveLength(2);
    for (const name of Object.keys(variables).filter((each) => each !== 'COMPOSE_FILE')) {
      expect(text).toContain(`\${${name}:-`);
    }
  },
);

test('both are in the folder of that project', () => {
  const workflow = read('github-actions.yml') as Workflow;
  expect(workflow.jobs.replay.defaults.run['working-directory']).toBe(project);
  const { replay } = read('gitlab-ci.yml') as { replay: Job };
  expect(replay.before_script).toContain(`cd ${project}`);
});
