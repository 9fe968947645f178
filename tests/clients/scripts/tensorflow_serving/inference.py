"""Handlers of the kind that TensorFlow Serving notebooks have."""

import json


def input_handler(data, context):
    if context.request_content_type != "application/x-pipes":
        raise ValueError(f"unsupported content type {context.request_content_type}")
    row = [float(field) for field in data.read().decode("utf-8").split("|")]
    return json.dumps({"instances": [row]})


def output_handler(response, context):
    if response.status_code != 200:
        raise ValueError(response.content.decode("utf-8"))
    return response.content, context.accept_header
