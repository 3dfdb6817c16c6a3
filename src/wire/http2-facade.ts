import type { ServerHttp2Stream } from 'node:http2';
import { constants } from 'node:http2';
import { Duplex } from 'node:stream';
import { headersFromFlat } from '../exchange/headers.ts';
import type { ResponseHead } from '../exchange/http.ts';

/**
 * A stream as a socket of HTTP/1 for whoever answers a handshake there: the head that is written first
 * is handed over, and what follows it goes to the stream as it is.
 */
export function asHttp1Socket(
  stream: ServerHttp2Stream,
  begin: (head: ResponseHead) => void,
): Duplex {
  let begun = false;
  const socket = new Duplex({
    read: () => void stream.resume(),
    write(bytes: Buffer, _encoding, done) {
      if (begun) {
        stream.write(bytes, done);
        return;
      }
      begun = true;
      begin(readHead(bytes.toString('latin1')));
      done();
    },
    final: (done) => void stream.end(done),
    destroy(error, done) {
      const whole = socket.writableFinished;
      if (!stream.closed) {
        stream.close(whole ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_CANCEL);
      }
      done(error);
    },
  });
  stream.on('data', (bytes: Buffer) => {
    if (!socket.push(bytes)) stream.pause();
  });
  stream.once('end', () => socket.push(null));
  stream.once('close', () => socket.destroy());
  return socket;
}

function readHead(text: string): ResponseHead {
  const [status = '', ...lines] = text.split('\r\n').filter((line) => line !== '');
  const flat = lines.flatMap((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const code = Number(status.split(' ', 2)[1]);
  return { status: code, statusText: '', headers: headersFromFlat(flat), httpVersion: '1.1' };
}
