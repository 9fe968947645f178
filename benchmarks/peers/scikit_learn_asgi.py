"""The yardstick: a hand-written ASGI application around a scikit-learn model; no routing, no checks, no signature."""

import json
import os

import joblib
import numpy as np

model = joblib.load(os.environ["MODEL"])


async def application(scope, receive, send):
    """Answers every request with the prediction for the CSV rows in its body."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    rows = np.array([line.split(b",") for line in body.split(b"\n")], dtype=np.float32)
    answer = json.dumps(model.predict(rows).tolist()).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
