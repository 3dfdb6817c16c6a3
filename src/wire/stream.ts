import type { Arrival } from '../exchange/arrival.ts';
import type { Part } from '../exchange/conversation.ts';
import type { Failure } from '../exchange/failure.ts';
import { createChannel } from '../support/channel.ts';
import { nextExchangeId } from './http-exchange.ts';
import { goneBy, partsOf, pumpClient, pumpServer } from './relay.ts';

/** Relays an arrival whose bytes are nothing that magneto knows; a failure ends it with a RST. */
export async function relayStream(
  arrival: Arrival,
  onFailure: (failure: Failure) => void,
): Promise<void> {
  const { socket, destination, session, reset, untouched } = arrival;
  if (destination === undefined) {
    socket.destroy();
    return;
  }
  const startedAt = performance.now();
  const sent = createChannel<Part>();
  const controller = new AbortController();
  socket.on('error', (error) => controller.abort(goneBy(error)));
  socket.once('close', () => controller.abort({ type: 'cut', by: 'client' }));
  const leave = (reason: unknown): void => controller.abort(reason);
  // From the beginning: which recorded stream it is to be may depend on what it says.
  const pumped = pumpClient({ socket, startedAt, sent, leave });
  const answer = await session.upstream.open({
    kind: 'stream',
    id: nextExchangeId(),
    destination,
    startedAt,
    body: sent,
    signal: controller.signal,
    ...(untouched !== undefined && { untouched }),
  });
  if (answer.failure !== undefined) {
    sent.end();
    // No answer can carry it, so the log has to.
    if (answer.outcome === 'missed') onFailure(answer.failure);
    return reset();
  }
  await Promise.all([
    pumped,
    pumpServer(socket, { body: partsOf(answer.body), ending: answer.ending }, reset),
  ]);
}
