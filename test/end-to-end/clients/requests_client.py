"""Python requests through the proxy. Arguments: proxy, CA file, base URLs of nginx and of the Python server."""

import hashlib
import sys

import requests

proxy, certificate, *bases = sys.argv[1:]
session = requests.Session()
session.proxies = {"http": proxy, "https": proxy}
session.verify = certificate


def show(response):
    print(response.request.method, response.status_code, response.reason, dict(response.headers))
    print([one.status_code for one in response.history], len(response.content))
    print(hashlib.sha256(response.content).hexdigest())


for base in bases:
    if "nginx" in base:
        base = base.replace("nginx+", "")
        show(session.get(base + "/hello.txt?by=requests"))
        show(session.get(base + "/long.txt", headers={"X-By": "requests"}))
        show(session.get(base + "/moved?by=requests"))
        show(session.get(base + "/teapot"))
        show(session.head(base + "/bytes.bin?by=requests"))
        show(session.get(base + "/bytes.bin", headers={"Range": "bytes=10-19"}))
    else:
        show(session.get(base + "/a?by=requests"))
        show(session.get(base + "/a?by=requests"))
        show(session.get(base + "/chunked?by=requests"))
        show(session.post(base + "/post?by=requests", json={"name": "Grüße", "list": [1, 2.5]}))
        show(session.put(base + "/put?by=requests", data=bytes(range(256)) * 1000))
        show(session.post(base + "/empty?by=requests", data=b""))
