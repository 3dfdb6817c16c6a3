import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Namespace } from './namespaces.ts';

const many = Array.from({ length: 60 }, (_, index) => `host-record=many.test,10.77.9.${index}`);

/** A small world of names: one of every type, aliases, and a name server of a domain that is not there. */
const lines = [
  'no-resolv',
  'no-hosts',
  'no-round-robin',
  'user=root',
  'pid-file=',
  'log-facility=/dev/null',
  'local=/test/arpa/',
  'server=/broken.test/10.77.0.2#5',
  'host-record=host.test,10.77.0.2,fd77::2,300',
  'host-record=four.test,10.77.0.2,30',
  'host-record=inner.lan.test,10.77.0.7,30',
  'cname=www.test,alias.test,120',
  'cname=alias.test,host.test,60',
  'txt-record=txt.test,"v=spf1 -all","second, text"',
  'mx-host=mail.test,four.test,5',
  'srv-host=_sip._tcp.test,four.test,5060,1,2',
  'ptr-record=7.0.77.10.in-addr.arpa,pointer.test',
  'caa-record=caa.test,0,issue,ca.test',
  // alpn=h2,h3 ipv4hint=10.77.0.2 ech=AB; then alpn=h3 ech=AB; then a type without a name.
  'dns-rr=service.test,65,0001000001000602683202683300040004 0a4d0002 0005 0002 4142'.replaceAll(
    ' ',
    '',
  ),
  'dns-rr=binding.test,64,000103666f6f04746573740000010003026833 0005 0002 4142'.replaceAll(
    ' ',
    '',
  ),
  'dns-rr=odd.test,4711,0102feff',
  'naptr-record=naptr.test,10,100,S,SIP+D2U,,_sip._udp.test',
  ...many,
];

/** A name server that answers SERVFAIL to everything (RFC 1035, 4.1.1). */
const failing = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('10.77.0.2', 5))
while True:
    m, who = s.recvfrom(4096)
    s.sendto(m[:2] + bytes([0x80 | m[2], 0x82]) + m[4:], who)`;

/** Starts dnsmasq, a name server that others wrote, in a namespace; the answer ends it. */
export async function startDnsmasq(
  world: Namespace,
  folder: string,
): Promise<{ readonly stop: () => Promise<void> }> {
  const file = join(folder, 'dnsmasq.conf');
  await writeFile(file, `${lines.join('\n')}\n`);
  const [command, ...args] = [...world.through, 'dnsmasq', '--keep-in-foreground', '-C', file];
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const closed = once(child, 'close');
  const [first, ...rest] = [...world.through, 'python3', '-c', failing];
  const failed = spawn(first, rest, { stdio: ['ignore', 'ignore', 'inherit'] });
  for (let tries = 0; tries < 100; tries += 1) {
    const said = await world.run('dig', '+short', '+time=1', '+tries=1', '@127.0.0.1', 'four.test');
    if (said.trim() === '10.77.0.2') break;
    await sleep(50);
  }
  return {
    async stop() {
      failed.kill('SIGKILL');
      child.kill('SIGKILL');
      await closed;
    },
  };
}
