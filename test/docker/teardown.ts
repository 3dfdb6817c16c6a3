import { execa } from 'execa';

/** Runs once after all suites: ends the Docker engine that they started, if they did. */
export default async function stopEngine(): Promise<void> {
  await execa('sh', ['test/docker/engine.sh', 'stop']);
}
