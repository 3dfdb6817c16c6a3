// The service in front: `GET /run` goes through all that a listener does, and tells what it saw.
import { serveHttp, sendJson } from './http.js';
import { run } from './story.js';

await serveHttp(8090, {
  'GET /run': async ({ response }) => sendJson(response, await run()),
  'GET /health': ({ response }) => response.end('ok'),
});
console.log('web is ready');
