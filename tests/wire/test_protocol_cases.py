"""botocore's protocol cases read backwards: their HTTP request must parse, their result must come back as HTTP."""

from __future__ import annotations

import base64
import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.model import OperationModel as BotocoreOperation
from botocore.model import ServiceModel
from botocore.parsers import create_parser

from clary.core.errors import ServiceError
from clary.core.http import Headers, HttpRequest
from clary.wire.models import OperationModel, Service, Shape
from clary.wire.protocol import Route
from clary.wire.routing import PROTOCOLS, RestRoutes
from clary.wire.text import write_float

from .test_round_trip import plain

CASES = Path(__file__).parents[3] / "shared" / "wire_cases" / "protocols"
FILES = {
    "json": "json",
    "json_1_0": "json",
    "json_1_0-query-compatible": "json",
    "query": "query",
    "rest-json": "rest-json",
    "rest-xml": "rest-xml",
    "smithy-rpc-v2-cbor": "smithy-rpc-v2-cbor",
    "smithy-rpc-v2-cbor-query-compatible": "smithy-rpc-v2-cbor",
    "smithy-rpc-v2-cbor-non-query-compatible": "smithy-rpc-v2-cbor",
}
_NO_BODY = "how a client compresses: the case holds headers and no body"
_TOKEN = "how a client fills in an idempotency token: it was sent, so it arrives"
_EMPTY_MAP = "an empty map is not on the wire at all"
_BOTH = "the same parameters are given twice, by name and in the map: by name is where they arrive"
_EMPTY_OBJECT = "a client writes an absent payload as an empty object, and as that it arrives"
_BOTOCORE_BLOB = "botocore reads an absent body as an empty blob"
_BOTOCORE_UNION = "botocore refuses an absent union"
_BOTOCORE_HEADER_LIST = "botocore splits the list at every comma, within quotes and dates too"
INPUTS_THAT_DO_NOT_APPLY: dict[str, str] = {
    "SDKAppliedContentEncoding_awsJson1_0": _NO_BODY,
    "SDKAppliedContentEncoding_awsJson1_1": _NO_BODY,
    "SDKAppliedContentEncoding_awsQuery": _NO_BODY,
    "SDKAppliedContentEncoding_restJson1": _NO_BODY,
    "SDKAppliedContentEncoding_restXml": _NO_BODY,
    "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_0": _NO_BODY,
    "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsJson1_1": _NO_BODY,
    "SDKAppendsGzipAndIgnoresHttpProvidedEncoding_awsQuery": _NO_BODY,
    "SDKAppendedGzipAfterProvidedEncoding_restJson1": _NO_BODY,
    "SDKAppendedGzipAfterProvidedEncoding_restXml": _NO_BODY,
    "QueryProtocolIdempotencyTokenAutoFill": _TOKEN,
    "QueryIdempotencyTokenAutoFill": _TOKEN,
    "RestJsonQueryIdempotencyTokenAutoFill": _TOKEN,
    "QueryEmptyQueryMaps": _EMPTY_MAP,
    "RestJsonHttpPrefixHeadersAreNotPresent": _EMPTY_MAP,
    "HttpPrefixHeadersAreNotPresent": _EMPTY_MAP,
    "RestJsonOmitsEmptyListQueryValues": "an empty list is not on the wire at all",
    "RestJsonAllQueryStringTypes": _BOTH,
    "RestJsonQueryStringEscaping": _BOTH,
    "RestJsonSupportsNaNFloatQueryValues": _BOTH,
    "RestJsonSupportsInfinityFloatQueryValues": _BOTH,
    "RestJsonSupportsNegativeInfinityFloatQueryValues": _BOTH,
    "RestJsonZeroAndFalseQueryValues": _BOTH,
    "RestJsonQueryPrecedence": _BOTH,
    "RestXmlQueryPrecedence": _BOTH,
    "RestJsonHttpWithEmptyStructurePayload": _EMPTY_OBJECT,
    "RestJsonHttpWithHeadersButNoPayload": _EMPTY_OBJECT,
    "RestJsonHostWithPath": "the endpoint has a path before the operation's, which a server's address never has",
    "MediaTypeHeaderInputBase64": "the header's JSON arrives as the value that botocore takes, not as text",
}
OUTPUTS_THAT_DO_NOT_APPLY: dict[str, str] = {
    "RestJsonHttpPayloadTraitsWithNoBlobBody": _BOTOCORE_BLOB,
    "HttpPayloadTraitsWithNoBlobBody": _BOTOCORE_BLOB,
    "RestJsonHttpPayloadWithUnsetUnion": _BOTOCORE_UNION,
    "RestXmlHttpPayloadWithUnsetUnion": _BOTOCORE_UNION,
    "RestJsonInputAndOutputWithQuotedStringHeaders": _BOTOCORE_HEADER_LIST,
    "RestJsonInputAndOutputWithTimestampHeaders": _BOTOCORE_HEADER_LIST,
    "InputAndOutputWithTimestampHeaders": _BOTOCORE_HEADER_LIST,
    "HttpPrefixHeadersResponse": "an empty prefix matches the request's id and the content type too",
    "QueryXmlLists": "flattened lists share the element name `item`, which botocore cannot tell apart",
    "XmlLists": "flattened lists share the element name `item`, which botocore cannot tell apart",
}
"""Beside these, `ec2.json` is not read: no API that is served speaks that protocol."""


def load(direction: str) -> list[Any]:
    found = []
    for name, protocol in FILES.items():
        path = CASES / direction / f"{name}.json"
        for suite in json.loads(path.read_text()) if path.exists() else ():
            for case in suite["cases"]:
                found.append(pytest.param(suite, case, protocol, id=f"{name}-{case['id']}"))
    return found or [
        pytest.param(None, None, "", marks=pytest.mark.skip("shared/wire_cases is not beside the project"))
    ]


def operation_of(suite: Any, case: Any, protocol: str) -> OperationModel:
    metadata = {**suite["metadata"], "protocol": protocol, "protocols": [protocol]}
    metadata.setdefault("endpointPrefix", "case")
    given = case["given"]
    model = {"metadata": metadata, "shapes": suite["shapes"], "operations": {given["name"]: given}}
    return Service("case", model).operation(given["name"])


def typed(shape: Shape | None, value: Any) -> Any:
    """A value of the cases' JSON in the types that handlers see."""
    if value is None or shape is None:
        return value
    if shape.type_name == "structure" and not shape.is_document:
        return {name: typed(shape.members[name], item) for name, item in value.items() if item is not None}
    if shape.type_name == "list":
        return [typed(shape.member, item) for item in value]
    if shape.type_name == "map":
        return {key: typed(shape.value, item) for key, item in value.items()}
    if shape.type_name == "timestamp":
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value)
    if shape.type_name == "blob":
        return value.encode() if isinstance(value, str) else value
    if shape.type_name in ("float", "double") and isinstance(value, str):
        return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}[value]
    return value


def comparable(value: Any) -> Any:
    """The value with its special floats as text."""
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [comparable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return write_float(value)  # JSON says it in a string, which botocore's JSON parsers leave as it is
    return value


def request_of(serialized: Any, protocol: str) -> HttpRequest:
    address = urlsplit(serialized["uri"])
    body = serialized.get("body", "") or ""
    data = base64.b64decode(body) if protocol == "smithy-rpc-v2-cbor" else body.encode()
    headers = Headers({name: str(value) for name, value in serialized.get("headers", {}).items()})
    return HttpRequest(serialized.get("method", "POST"), address.path, address.query, headers, data)


@pytest.mark.parametrize(("suite", "case", "protocol"), load("input"))
def test_the_request_of_a_case_parses_to_its_parameters(suite: Any, case: Any, protocol: str) -> None:
    if case["id"] in INPUTS_THAT_DO_NOT_APPLY:
        pytest.skip(INPUTS_THAT_DO_NOT_APPLY[case["id"]])
    operation = operation_of(suite, case, protocol)
    request = request_of(case["serialized"], protocol)
    if protocol.startswith("rest"):
        route = RestRoutes([operation.service]).find(request)
        assert route is not None
    else:
        route = Route("case", operation.name, PROTOCOLS[protocol], operation)
    parsed = plain(route.protocol.parse(operation, request, route))
    assert comparable(parsed) == comparable(typed(operation.input_shape, case["params"]))


def botocore_operation(operation: OperationModel) -> BotocoreOperation:
    service = operation.service
    output = service._operations[operation.name].get("output")
    if service.protocols == ["query"] and output:
        output["resultWrapper"] = f"{operation.name}Result"  # real models say it
    model = {"metadata": dict(service.metadata), "shapes": service._definitions, "operations": service._operations}
    return ServiceModel(model).operation_model(operation.name)


@pytest.mark.parametrize(("suite", "case", "protocol"), load("output"))
def test_the_result_of_a_case_comes_back_from_our_response(suite: Any, case: Any, protocol: str) -> None:
    if case["id"] in OUTPUTS_THAT_DO_NOT_APPLY:
        pytest.skip(OUTPUTS_THAT_DO_NOT_APPLY[case["id"]])
    operation = operation_of(suite, case, protocol)
    parser = create_parser(protocol)
    theirs = botocore_operation(operation)
    if "error" in case:
        shape = operation.error_shapes[0]
        details = {k: v for k, v in typed(shape, case["error"]).items() if k.lower() != "message"}
        error_class = type(shape.name, (ServiceError,), {"status": case["response"]["status_code"]})
        message = case.get("errorMessage") or case["error"].get("message") or ""
        error = error_class(message, **details)
        response = PROTOCOLS[protocol].serialize_error(operation, error, "request-1")
        given = {"status_code": response.status, "headers": Headers(response.headers), "body": response.body}
        parsed = parser.parse(dict(given), theirs.output_shape)
        assert parsed["Error"]["Code"] == case["errorCode"]
        assert (parsed["Error"]["Message"] or "") == message
        modelled = parser.parse(dict(given), theirs.service_model.shape_for_error_code(case["errorCode"]))
        modelled.pop("ResponseMetadata", None)
        expected = typed(shape, case["error"])
        assert comparable({k: v for k, v in modelled.items() if k in expected}) == comparable(expected)
        return
    result = typed(operation.output_shape, case["result"])
    response = PROTOCOLS[protocol].serialize(operation, result, "request-1")
    given = {"status_code": response.status, "headers": Headers(response.headers), "body": plain(response.body)}
    parsed = parser.parse(given, theirs.output_shape)
    parsed.pop("ResponseMetadata", None)
    payload = operation.output_payload
    if payload and payload[1].type_name == "blob" and isinstance(parsed.get(payload[0]), str):
        parsed[payload[0]] = parsed[payload[0]].encode()  # botocore's parser alone decodes bytes that are no stream
    assert comparable(parsed) == comparable(result)


@pytest.mark.skipif(not CASES.exists(), reason="shared/wire_cases is not beside the project")
def test_the_list_of_cases_that_do_not_apply_names_only_cases_there_are() -> None:
    for direction, listed in (("input", INPUTS_THAT_DO_NOT_APPLY), ("output", OUTPUTS_THAT_DO_NOT_APPLY)):
        known = {parameters.values[1]["id"] for parameters in load(direction)}
        assert set(listed) <= known
