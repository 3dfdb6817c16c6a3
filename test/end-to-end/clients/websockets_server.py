"""A WebSocket server of Python's websockets. Arguments: a port, another for wss, a PEM file."""

import asyncio
import ssl
import sys

import websockets

count = 0


async def talk(socket):
    global count
    count += 1
    await socket.send(f"welcome {count}")
    async for message in socket:
        if message == "close":
            return await socket.close(4001, "as you wish")
        elif isinstance(message, bytes):
            await socket.send(bytes(reversed(message)))
        else:
            await socket.send(f"{count}: {message}")


async def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3])
    options = {"subprotocols": ["chat.v2", "chat.v1"], "max_size": None}
    async with websockets.serve(talk, "127.0.0.1", int(sys.argv[1]), **options):
        async with websockets.serve(talk, "127.0.0.1", int(sys.argv[2]), ssl=context, **options):
            await asyncio.Future()


asyncio.run(main())
