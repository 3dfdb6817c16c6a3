import { connect } from '@nats-io/transport-node';

const encoder = new TextEncoder();

/** A connection to the bus: `publish` resolves when the server has it. */
export async function openBus(name) {
  const connection = await connect({ servers: process.env.NATS_URL ?? 'nats:4222', name });
  return {
    async publish(subject, event) {
      connection.publish(subject, encoder.encode(JSON.stringify(event)));
      await connection.flush();
    },
    async *subscribe(subject) {
      for await (const message of connection.subscribe(subject)) yield message.json();
    },
    close: () => connection.close(),
  };
}
