"""Python's websockets through CONNECT. Arguments: proxy port, CA file, WebSocket URLs."""

import asyncio
import socket
import ssl
import sys
from urllib.parse import urlsplit

import websockets


def tunnel(url):
    sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    sock.sendall(f"CONNECT {url.netloc} HTTP/1.1\r\nHost: {url.netloc}\r\n\r\n".encode())
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += sock.recv(1)
    assert b" 200 " in answer, answer
    return sock


async def converse(address):
    url = urlsplit(address)
    options = {"sock": tunnel(url), "subprotocols": ["chat.v1"], "server_hostname": None}
    if url.scheme == "wss":
        options["ssl"] = ssl.create_default_context(cafile=sys.argv[2])
        options["server_hostname"] = url.hostname
    else:
        del options["server_hostname"]
    async with websockets.connect(address, **options) as client:
        print(client.subprotocol, [str(one) for one in client.extensions])
        print(await client.recv())
        for message in ("Grüße", bytes(range(256)), "y" * 5000):
            await client.send(message)
            print(repr(await client.recv()))
        pong = await client.ping()
        await asyncio.wait_for(pong, 5)
        await client.send("close")
        await client.wait_closed()
        print("closed", client.close_code, client.close_reason)


for argument in sys.argv[3:]:
    asyncio.run(converse(argument))
