import type { Registry } from 'prom-client';
import { Counter, Gauge } from 'prom-client';
import type { FailureCode } from '../exchange/failure.ts';
import type { Journal } from '../journal/journal.ts';

/** Counts WebSockets: how many are open, what is said, and what a replay had otherwise. */
export function countWebSockets(
  registry: Registry,
  journal: Pick<Journal, 'openWebSockets' | 'subscribeMessages'>,
): { readonly onFailure: (code: FailureCode) => void; readonly stop: () => void } {
  const registers = [registry];
  const open: Gauge = new Gauge({
    name: 'magneto_open_websockets',
    help: 'WebSockets that are open.',
    registers,
    collect: () => open.set(journal.openWebSockets()),
  });
  const messages = new Counter({
    name: 'magneto_websocket_messages_total',
    help: 'WebSocket messages: in, from clients; out, to clients.',
    labelNames: ['direction'],
    registers,
  });
  const mismatches = new Counter({
    name: 'magneto_sequence_mismatches_total',
    help: 'Messages of clients that were not the recorded ones at their place.',
    registers,
  });
  const inbound = messages.labels('in');
  const outbound = messages.labels('out');
  return {
    onFailure: (code) => {
      if (code === 'SEQUENCE_MISMATCH') mismatches.inc();
    },
    stop: journal.subscribeMessages((side) => (side === 'client' ? inbound : outbound).inc()),
  };
}
