import { createRequire } from 'node:module';

// gRPC is CommonJS, and finds its methods by name.
const require = createRequire(import.meta.url);
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const folder = new URL('../proto', import.meta.url).pathname;

function packageOf(name) {
  const definition = loader.loadSync(`${name}.proto`, { includeDirs: [folder], keepCase: true });
  return grpc.loadPackageDefinition(definition).veza[name];
}

/** Serves the methods of a service in plain text (h2c). */
export function serveGrpc(name, service, methods, port) {
  const server = new grpc.Server();
  server.addService(packageOf(name)[service].service, methods);
  return new Promise((resolve, reject) => {
    const ready = (error) => (error ? reject(error) : resolve(server));
    server.bindAsync(`0.0.0.0:${port}`, grpc.ServerCredentials.createInsecure(), ready);
  });
}

/** A client of a service, in plain text. */
export function grpcClient(name, service, address) {
  return new (packageOf(name)[service])(address, grpc.credentials.createInsecure());
}

/** One answer to one message. */
export function call(client, method, message, metadata = {}) {
  const sent = new grpc.Metadata();
  for (const [key, value] of Object.entries(metadata)) sent.set(key, value);
  return new Promise((resolve, reject) => {
    client[method](message, sent, { deadline: Date.now() + 5000 }, (error, answer) =>
      error ? reject(error) : resolve(answer),
    );
  });
}

export const status = grpc.status;
