"""A legacy Flask service: it calls an API with requests, and knows of no proxy."""
import os

import requests
from flask import Flask

API = os.environ.get("API_URL", "https://example.com")
app = Flask(__name__)


@app.get("/")
def page():
    answer = requests.get(f"{API}/", timeout=10)
    return {"status": answer.status_code, "body": answer.text}


@app.get("/order")
def order():
    answer = requests.post(f"{API}/orders", json={"metal": "iron"}, timeout=10)
    return {"status": answer.status_code, "body": answer.text}
