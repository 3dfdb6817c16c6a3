// Logs people in: tokens (JWT), their refresh, and for the other services what a token is worth.
import { createHmac, randomUUID } from 'node:crypto';
import { serveGrpc, status } from './grpc.js';
import { jsonOf, sendJson, serveHttp } from './http.js';
import { openBus } from './nats.js';

const secret = 'the secret of an example';
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const sign = (text) => createHmac('sha256', secret).update(text).digest('base64url');
const refreshers = new Map();

function tokenFor(name) {
  const seconds = Math.floor(Date.now() / 1000);
  const claims = { sub: `u-${name}`, name, jti: randomUUID(), exp: seconds + 900 };
  const text = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${text}.${sign(text)}`;
}

function claimsOf(token) {
  const [head, body, signature] = token.split('.');
  if (sign(`${head}.${body}`) !== signature) throw new Error('a token of somebody else');
  return JSON.parse(Buffer.from(body, 'base64url').toString());
}

function pairFor(name) {
  const refresh = randomUUID();
  refreshers.set(refresh, name);
  return { access: tokenFor(name), refresh };
}

const bus = await openBus('auth');

await serveHttp(8081, {
  'POST /login': async ({ request, response }) => {
    const { name } = await jsonOf(request);
    await bus.publish('user.events.login', { name });
    sendJson(response, pairFor(name), { 'set-cookie': `session=${randomUUID()}; HttpOnly` });
  },
  'POST /refresh': async ({ request, response }) => {
    const { refresh } = await jsonOf(request);
    const name = refreshers.get(refresh);
    if (name === undefined) return response.writeHead(401).end();
    refreshers.delete(refresh);
    sendJson(response, pairFor(name));
  },
});

await serveGrpc(
  'auth',
  'AuthService',
  {
    Validate({ request }, answer) {
      try {
        const { sub, name, exp } = claimsOf(request.token);
        answer(null, { user: { id: sub, name }, expires_at: exp });
      } catch (error) {
        answer({ code: status.UNAUTHENTICATED, details: error.message });
      }
    },
  },
  50050,
);
console.log('auth is ready');
