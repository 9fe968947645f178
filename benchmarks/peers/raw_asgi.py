"""The yardstick: a hand-written ASGI application around an XGBoost model; no routing, no checks, no signature."""

import os

import numpy as np
import xgboost

booster = xgboost.Booster(model_file=os.environ["MODEL"])
booster.set_param({"nthread": 1})


async def application(scope, receive, send):
    """Answers every request with the score of the one CSV row in its body."""
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
    row = np.array(body.split(b","), dtype=np.float32).reshape(1, -1)
    answer = repr(float(booster.inplace_predict(row)[0])).encode()
    headers = [(b"content-type", b"text/csv"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})
