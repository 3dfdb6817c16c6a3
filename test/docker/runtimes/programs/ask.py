# Three clients of Python's: prints what the address answers.
import asyncio
import sys

library, address = sys.argv[1:]


async def with_aiohttp():
    import aiohttp

    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        print(answer.status, await answer.text())


if library == "requests":
    import requests

    answer = requests.get(address)
    print(answer.status_code, answer.text)
elif library == "httpx":
    import httpx

    answer = httpx.get(address)
    print(answer.status_code, answer.text)
else:
    asyncio.run(with_aiohttp())
