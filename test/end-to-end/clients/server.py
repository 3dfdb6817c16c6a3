"""A Python server: GET, HEAD, POST and a chunked answer, over HTTP and HTTPS. Arguments: two ports, a PEM file."""

import hashlib
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    count = 0

    def do_GET(self):
        if self.path.startswith("/chunked"):
            return self.say_chunked()
        Handler.count += 1
        self.say(f"{self.command} {self.path} number {Handler.count}\n".encode())

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        digest = hashlib.sha256(body).hexdigest()
        self.say(f'{{"got": {len(body)}, "sha256": "{digest}"}}'.encode(), "application/json")

    do_PUT = do_POST

    def say(self, body, kind="text/plain"):
        self.send_response(200, "Said")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Twice", "one")
        self.send_header("X-Twice", "two")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def say_chunked(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in (b"one ", b"two ", b"three\n"):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


def serve(port, pem=None):
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    if pem is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.serve_forever()


threading.Thread(target=serve, args=(int(sys.argv[1]),), daemon=True).start()
serve(int(sys.argv[2]), sys.argv[3])
