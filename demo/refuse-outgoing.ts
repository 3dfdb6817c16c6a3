import { appendFileSync } from 'node:fs';
import { Socket } from 'node:net';

/**
 * Loaded into the replaying appliance before anything else (`node --import`): from here on no TCP
 * connection leaves this process. Each attempt is written down in the file that the variable names.
 */
Socket.prototype.connect = function refuse(this: Socket): Socket {
  appendFileSync(process.env['DEMO_ATTEMPTS'] ?? '/dev/null', 'an attempt to connect\n');
  const error = Object.assign(new Error('the demo refuses every outgoing connection'), {
    code: 'ECONNREFUSED',
  });
  process.nextTick(() => this.destroy(error));
  return this;
};
