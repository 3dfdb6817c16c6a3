"""The requests library, with no word of a proxy in it: http_proxy and REQUESTS_CA_BUNDLE do it."""
import json
import sys

import requests

ask = json.loads(sys.argv[1])
out = sys.stdout.buffer
try:
    answer = requests.request(
        ask.get("method", "GET"),
        ask["url"],
        data=ask.get("body"),
        headers=dict(header.split(": ", 1) for header in ask.get("headers", [])),
        timeout=20,
    )
    out.write(f"{answer.status_code} {answer.reason}\r\n".encode())
    for name, value in answer.raw.headers.items():
        out.write(f"{name}: {value}\r\n".encode())
    out.write(b"\r\n" + answer.content)
    ending = "whole"
except Exception as error:  # whatever it is, it has to be the same the second time
    ending = type(error).__name__
out.flush()
print(ending, file=sys.stderr)
