// Audio: HLS with a live playlist and ranges, what is played now (SSE, gRPC), and a radio of old (ICY).
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { serveGrpc, status } from './grpc.js';
import { serveHttp } from './http.js';
import { openBus } from './nats.js';

const bus = await openBus('stream');
const playlist = { 'content-type': 'application/vnd.apple.mpegurl' };
let live = 0;

/** Bytes that are no text, the same for the same name. */
function audio(name, length) {
  const block = createHash('sha512').update(name).digest();
  return Buffer.alloc(length, block);
}

function sendAudio({ request, response, url }) {
  const whole = audio(url.pathname, 200_000);
  const etag = `"${createHash('md5').update(whole).digest('hex')}"`;
  const headers = { 'content-type': 'audio/mpeg', 'accept-ranges': 'bytes', etag };
  if (request.headers['if-none-match'] === etag) return response.writeHead(304, headers).end();
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  if (from === undefined) {
    return response.writeHead(200, { ...headers, 'content-length': whole.length }).end(whole);
  }
  const part = whole.subarray(Number(from), Number(to) + 1);
  const range = `bytes ${from}-${to}/${whole.length}`;
  response
    .writeHead(206, { ...headers, 'content-range': range, 'content-length': part.length })
    .end(part);
}

await serveHttp(8082, {
  'GET /master.m3u8': ({ response }) => {
    const variants = [64, 128, 320].map(
      (rate) => `#EXT-X-STREAM-INF:BANDWIDTH=${rate}000\nlive-${rate}.m3u8`,
    );
    response.writeHead(200, playlist).end(`#EXTM3U\n${variants.join('\n')}\n`);
  },
  'GET /live-128.m3u8': ({ response }) => {
    live += 1;
    const segments = [live, live + 1].map((n) => `#EXTINF:2.0,\nsegment-${n % 2}.ts`);
    const head = `#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:${live}`;
    response
      .writeHead(200, { ...playlist, 'cache-control': 'no-store' })
      .end(`${head}\n${segments.join('\n')}\n`);
  },
  'GET /segment-0.ts': sendAudio,
  'GET /segment-1.ts': sendAudio,
  'GET /events': async ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const [id, track] of ['Prélude', 'Fuge', 'Finale'].entries()) {
      response.write(`id: ${id}\nevent: track\ndata: ${JSON.stringify({ track })}\n\n`);
      await bus.publish('stream.events.track', { track });
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    response.end();
  },
});

await serveGrpc(
  'stream',
  'StreamService',
  {
    async SubscribeToStreamEvents(call) {
      const { stream, count } = call.request;
      for (let one = 1; one <= count; one += 1) {
        call.write({ stream, listeners: one * 10, track: `track ${one}` });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      // Who listens to this one meets the end of the broadcast.
      if (stream === 'ended') call.emit('error', { code: status.UNAVAILABLE, details: 'off the air' });
      else call.end();
    },
  },
  50052,
);

/** A radio as they were: its status line is not that of HTTP, its titles stand within the audio. */
const metaint = 64;
createServer((socket) => {
  socket.on('error', () => {});
  socket.once('data', () => {
    const title = Buffer.alloc(32);
    title.write("StreamTitle='Veza';");
    const head = `ICY 200 OK\r\nicy-name: Veza Radio\r\nicy-metaint: ${metaint}\r\n\r\n`;
    const sound = audio('icy', metaint);
    socket.end(Buffer.concat([Buffer.from(head), sound, Buffer.from([2]), title, sound]));
  });
}).listen(8083);
console.log('stream is ready');
