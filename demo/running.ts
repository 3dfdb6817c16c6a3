import type { ChildProcess } from 'node:child_process';

type Child = Pick<ChildProcess, 'kill'> & PromiseLike<unknown>;

const running = new Set<Child>();
let ending = false;

/** Keeps a process in mind until it has ended. */
export function watched<Given extends Child>(child: Given): Given {
  running.add(child);
  const forget = (): void => void running.delete(child);
  child.then(forget, forget);
  if (ending) child.kill('SIGKILL');
  return child;
}

/** Ends every process that still runs, and whichever is begun from now on. */
export async function endAll(): Promise<void> {
  ending = true;
  for (const child of running) child.kill('SIGKILL');
  await Promise.allSettled(running);
}
