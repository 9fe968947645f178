"""InvokeEndpoint, with and without a streamed answer: the hot path of hosting."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

from clary.compute.hosting.endpoints import (
    EndpointGone,
    Hosting,
    InvocationFailed,
    InvocationTimeout,
    InvokeRequest,
    InvokeResponse,
    NoSuchVariant,
)
from clary.core.call import Call
from clary.core.errors import ServiceError
from clary.core.http import BodyTooLarge, ByteStream
from clary.core.operations import operation
from clary.services.sagemaker.data_capture import DataCapture, Exchange

_RESOURCE = "endpoint/{EndpointName}"
MOST_BODY_BYTES = 6_291_456
_LONGEST_MESSAGE_BYTES = 4096
_CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
_INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"

# (member of the request, why it is refused).
_REFUSED: tuple[tuple[str, str], ...] = (
    ("TargetModel", "TargetModel can only be used with multi-model endpoints, which Clary does not have yet."),
    (
        "TargetContainerHostname",
        "TargetContainerHostname can only be used with multi-container endpoints, which Clary does not have yet.",
    ),
    ("InferenceComponentName", "Clary does not have inference components yet: leave out InferenceComponentName."),
    ("EnableExplanations", "Clary does not have explainers of endpoints yet: leave out EnableExplanations."),
    ("SessionId", "Clary does not have sessions of stateful models yet: leave out SessionId."),
)


class ValidationError(ServiceError):
    """The runtime API's own name for a request that breaks a rule."""


class ModelError(ServiceError):
    """The model answered with an error, or not at all; the details are the members of the modelled error."""

    status = 424


class Runtime:
    """Invocations of endpoints.

    Args:
        hosting: reaches the replicas.
        capture: is told of what is asked and answered.
    """

    api = "sagemaker-runtime"

    def __init__(self, hosting: Hosting, capture: DataCapture) -> None:
        self._hosting = hosting
        self._capture = capture

    @operation("InvokeEndpoint", resource=_RESOURCE, lower=True)
    async def invoke(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Asks a model.

        Raises:
            ValidationError: there is no such endpoint or variant, or the body is too large.
            ModelError: the model answered with an error, or not in time.
        """
        arn, asked = await _asked(call, request)
        try:
            answer = await self._hosting.invoke(arn, asked)
        except (EndpointGone, NoSuchVariant, InvocationTimeout, InvocationFailed) as problem:
            raise _refusal(call, request, problem) from problem
        if not 200 <= answer.status < 300:
            raise _model_error(call, request["EndpointName"], answer.status, answer.body)
        await self._captured(arn, request, asked, answer, answer.body)
        return _response(answer, answer.body)

    @operation("InvokeEndpointWithResponseStream", resource=_RESOURCE, lower=True)
    async def invoke_with_stream(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Asks a model and passes its answer on as it comes.

        Raises:
            ValidationError, ModelError: as `invoke`, until the answer has begun.
        """
        arn, asked = await _asked(call, request)
        try:
            answer = await self._hosting.invoke_stream(arn, asked)
            assert answer.stream is not None
            if not 200 <= answer.status < 300:
                message = await _beginning(answer.stream)
                raise _model_error(call, request["EndpointName"], answer.status, message)
        except (EndpointGone, NoSuchVariant, InvocationTimeout, InvocationFailed) as problem:
            raise _refusal(call, request, problem) from problem
        return _response(answer, self._events(arn, request, asked, answer))

    async def _events(
        self, arn: str, request: dict[str, Any], asked: InvokeRequest, answer: InvokeResponse
    ) -> AsyncIterator[dict[str, Any]]:
        assert answer.stream is not None
        whole: list[bytes] = []
        try:
            async for chunk in answer.stream:
                whole.append(chunk)
                yield {"PayloadPart": {"Bytes": chunk}}
        except InvocationFailed as problem:
            message = f"The model container closed its connection within the stream: {problem}"
            yield {"ModelStreamError": {"Message": message, "ErrorCode": "StreamBroken"}}
            return
        finally:
            await answer.stream.aclose()
        await self._captured(arn, request, asked, answer, b"".join(whole))

    async def _captured(
        self, arn: str, request: dict[str, Any], asked: InvokeRequest, answer: InvokeResponse, body: bytes
    ) -> None:
        capture = self._capture
        rule = capture.rule(arn, answer.variant, answer.generation)
        if rule is None:
            rule = await capture.learn(arn, answer.variant, answer.generation)
        if capture.is_sampled(rule):
            exchange = Exchange(
                time=asked.received,
                inference_id=request.get("InferenceId", ""),
                custom_attributes=request.get("CustomAttributes", ""),
                body=asked.body,
                content_type=asked.content_type,
                answer=body,
                answer_type=answer.content_type,
            )
            capture.take(arn, answer.variant, rule, exchange)


async def _asked(call: Call, request: dict[str, Any]) -> tuple[str, InvokeRequest]:
    """The endpoint's ARN and the request for its model."""
    for member, why in _REFUSED:
        if request.get(member):
            raise ValidationError(why)
    body = request.get("Body", b"")
    if isinstance(body, ByteStream):
        try:
            body = await body.read(MOST_BODY_BYTES)
        except BodyTooLarge as error:
            raise _too_large() from error
    if len(body) > MOST_BODY_BYTES:
        raise _too_large()
    headers = []
    if "CustomAttributes" in request:
        headers.append((_CUSTOM_ATTRIBUTES, request["CustomAttributes"]))
    if "InferenceId" in request:
        headers.append((_INFERENCE_ID, request["InferenceId"]))
    arn = f"arn:aws:sagemaker:{call.region}:{call.account}:endpoint/{request['EndpointName'].lower()}"
    return arn, InvokeRequest(
        body,
        request.get("ContentType", ""),
        request.get("Accept", ""),
        headers,
        request.get("TargetVariant"),
        call.time.timestamp(),
    )


def _response(answer: InvokeResponse, body: Any) -> dict[str, Any]:
    response = {
        "Body": body,
        "ContentType": answer.content_type,
        "InvokedProductionVariant": answer.variant,
    }
    attributes = answer.headers.get("x-amzn-sagemaker-custom-attributes")
    if attributes is not None:
        response["CustomAttributes"] = attributes
    return response


async def _beginning(stream: AsyncIterable[bytes]) -> bytes:
    """The first bytes of a body, for a message; the rest is read and dropped."""
    found = b""
    async for chunk in stream:
        if len(found) < _LONGEST_MESSAGE_BYTES:
            found += chunk
    return found


def _too_large() -> ValidationError:
    return ValidationError(
        "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length less than "
        f"or equal to {MOST_BODY_BYTES}"
    )


def _refusal(call: Call, request: dict[str, Any], problem: Exception) -> ServiceError:
    name = request["EndpointName"]
    if isinstance(problem, EndpointGone):
        return ValidationError(f"Endpoint {name} of account {call.account} not found.")
    if isinstance(problem, NoSuchVariant):
        return ValidationError(f"Variant {problem} not found for endpoint {name} of account {call.account}.")
    if isinstance(problem, InvocationTimeout):
        message = (
            "Your invocation timed out while waiting for a response from container primary. Review the latency "
            "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
        )
    else:
        message = f"Amazon SageMaker could not get a response from the {name} endpoint: {problem}."
    return _model_error(call, name, 0, message.encode())


def _model_error(call: Call, endpoint: str, status: int, body: bytes) -> ModelError:
    """The error for an answer of the model that is none.

    Args:
        status: the model's, 0 where it gave none.
    """
    fault = "client" if 400 <= status < 500 else "server"
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    original = body[:_LONGEST_MESSAGE_BYTES].decode("utf-8", "replace")
    message = (
        f'Received {fault} error ({status}) from primary with message "{original}". See '
        f"https://{call.region}.console.aws.amazon.com/cloudwatch/home?region={call.region}"
        f"#logEventViewer:group={group} in account {call.account} for more information."
    )
    return ModelError(
        message,
        OriginalStatusCode=status,
        OriginalMessage=original,
        LogStreamArn=f"arn:aws:logs:{call.region}:{call.account}:log-group:{group}",
    )
