// A legacy microservice of Node: it calls an API with fetch, and knows of no proxy.
const { createServer } = require('node:http');

const api = process.env.API_URL ?? 'https://example.com';
const calls = {
  '/': () => fetch(`${api}/`),
  '/order': () =>
    fetch(`${api}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ metal: 'iron' }),
    }),
};

async function serve(request, response) {
  const call = calls[request.url];
  if (call === undefined) return response.writeHead(404).end();
  const answer = await call();
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ status: answer.status, body: await answer.text() }));
}

createServer((request, response) => {
  serve(request, response).catch((error) => {
    console.error(error);
    response.writeHead(502).end(String(error.cause ?? error));
  });
}).listen(8080);
process.on('SIGTERM', () => process.exit(0));
