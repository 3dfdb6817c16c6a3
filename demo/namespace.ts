import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { paint, say } from './print.ts';
import { watched } from './running.ts';

/** The address of the only other machine in the namespace, from those that are for documentation. */
export const originAddress = '203.0.113.10';

const story = fileURLToPath(new URL('./transparent.ts', import.meta.url));

/**
 * Runs the transparent story in a network of its own; gives its exit status. Where this machine
 * cannot make one it says why, and gives 0.
 */
export async function tellTransparent(
  folder: string,
  { tamper }: { readonly tamper: boolean },
): Promise<number> {
  const own = join(folder, 'transparent');
  const why = await whyNot(own);
  if (why !== undefined) {
    say(paint('yellow', `\ntransparent acts: not here: ${why}`));
    return 0;
  }
  const words = [process.execPath, story, own, ...(tamper ? ['tamper'] : [])];
  const { exitCode } = await inside(own, words, 'inherit');
  return exitCode ?? 1;
}

async function whyNot(folder: string): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root';
  for (const tool of ['unshare', 'mount', 'ip', 'iptables', 'setpriv']) {
    const { failed } = await execa('sh', ['-c', 'command -v "$0"', tool], { reject: false });
    if (failed) return `needs ${tool}`;
  }
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'resolv.conf'), `nameserver ${originAddress}\n`);
  await writeFile(join(folder, 'nsswitch.conf'), 'hosts: files dns\n');
  const { exitCode, stderr } = await inside(folder, ['sh', '-c', takesRules], 'pipe');
  if (exitCode === 0) return undefined;
  return `no network namespace with NAT: ${stderr?.split('\n')[0]}`;
}

const takesRules = `for kind in iptables-nft iptables-legacy iptables; do
  $kind -t nat -N MAGNETO_DEMO && exit 0
done; exit 1`;

/**
 * Only a loopback device, that has the origin's address and every route: whatever is dialled stays
 * here. Names are asked of the origin, whatever the machine's own habits are.
 */
const furnish = `folder="$1"; address="$2"; shift 2
ip link set lo up
ip address add "$address/32" dev lo
ip route add default dev lo
mount --bind "$folder/resolv.conf" /etc/resolv.conf
[ ! -e /etc/nsswitch.conf ] || mount --bind "$folder/nsswitch.conf" /etc/nsswitch.conf
exec "$@"`;

/** Runs words in namespaces of their own: of networks, mounts and processes, so that none outlives them. */
async function inside(folder: string, words: readonly string[], output: 'inherit' | 'pipe') {
  const spaces = ['--net', '--mount', '--pid', '--fork', '--kill-child'];
  const shell = ['sh', '-ec', furnish, 'sh', folder, originAddress, ...words];
  const child = execa('unshare', [...spaces, '--', ...shell], {
    stdin: 'ignore',
    stdout: output,
    stderr: output,
    reject: false,
    // Ended with this process, and at once: the first process of a namespace ignores gentler signals.
    killSignal: 'SIGKILL',
    timeout: 60_000,
  });
  return watched(child);
}
