// For the health of a container: whether the service that runs in it has opened the last of its ports.
import { connect } from 'node:net';

const ports = { auth: 50050, chat: 50051, stream: 8083, web: 8090 };
connect(ports[process.argv[2]], '127.0.0.1', () => process.exit(0));
