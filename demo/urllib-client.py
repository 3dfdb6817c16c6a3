"""Python's own HTTP client, with no word of a proxy in it: http_proxy and SSL_CERT_FILE do it."""
import json
import sys
import urllib.error
import urllib.request

ask = json.loads(sys.argv[1])
body = ask.get("body")
request = urllib.request.Request(
    ask["url"],
    data=None if body is None else body.encode(),
    headers=dict(header.split(": ", 1) for header in ask.get("headers", [])),
    method=ask.get("method"),
)
out = sys.stdout.buffer
try:
    try:
        answer = urllib.request.urlopen(request, timeout=20)
    except urllib.error.HTTPError as error:
        answer = error
    out.write(f"{answer.status} {answer.reason}\r\n".encode())
    for name, value in answer.headers.items():
        out.write(f"{name}: {value}\r\n".encode())
    out.write(b"\r\n" + answer.read())
    ending = "whole"
except Exception as error:  # whatever it is, it has to be the same the second time
    ending = type(getattr(error, "reason", error)).__name__
out.flush()
print(ending, file=sys.stderr)
