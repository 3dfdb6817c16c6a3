import { createServer } from 'node:http';

/** Serves HTTP by a table of `METHOD /path`; an error is a 500 with its words. */
export function serveHttp(port, routes) {
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://localhost');
    const route = routes[`${request.method} ${url.pathname}`];
    if (route === undefined) return response.writeHead(404).end();
    Promise.resolve(route({ request, response, url })).catch((error) => {
      console.error(error);
      response.writeHead(error.status ?? 500).end(String(error.message));
    });
  });
  return new Promise((resolve) => server.listen(port, () => resolve(server)));
}

export function sendJson(response, value, headers = {}) {
  response.writeHead(200, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}

export async function jsonOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

process.on('SIGTERM', () => process.exit(0));
