# An application of Python's: asks each address with GET and POST, prints what it was told.
import json
import sys

import requests

for base in sys.argv[1:]:
    with requests.Session() as session:
        answers = [session.get(f"{base}/items?page=1"), session.post(f"{base}/items", json={"name": "lodestone"})]
        for answer in answers:
            print(json.dumps([answer.status_code, answer.json()], sort_keys=True))
