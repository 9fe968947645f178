"""Documents held up to the users' own models, and DetectEntities, which answers with or without one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from clary.compute.hosting.endpoints import EndpointGone, Hosting, InvocationFailed, InvocationTimeout, InvokeRequest
from clary.core.call import Call
from clary.core.operations import operation
from clary.services.comprehend import answers
from clary.services.comprehend.analyses import ANALYSES, LONG_BYTES
from clary.services.comprehend.document_pages import ReadDocument
from clary.services.comprehend.document_reading import DocumentReading
from clary.services.comprehend.errors import InvalidRequestException, ResourceUnavailableException
from clary.services.comprehend.names import CLASSIFIER_ENDPOINT, RECOGNIZER_ENDPOINT
from clary.services.comprehend.native_text import entities_on_page, metadata
from clary.services.comprehend.reading import Reading, check_text
from clary.services.comprehend.waiting import WaitingThreads
from clary.storage.records import Record, Records

_PLAIN_MODEL = "INFERENCING_NATIVE_DOCUMENT_WITH_PLAINTEXT_TRAINED_MODEL"
_NATIVE_MODEL = "INFERENCING_PLAINTEXT_WITH_NATIVE_TRAINED_MODEL"
_WARNINGS = {
    _PLAIN_MODEL: "The document is a PDF or a picture, but the model was trained with plain text.",
    _NATIVE_MODEL: "The document is plain text, but the model was trained with PDFs or pictures.",
}


class CustomModels:
    """ClassifyDocument and DetectEntities.

    Args:
        records: where endpoints are.
        hosting: reaches the processes that answer for them.
        reading: asks the models that Clary has itself.
        documents: reads PDFs and pictures.
    """

    api = "comprehend"

    def __init__(self, records: Records, hosting: Hosting, reading: Reading, documents: DocumentReading) -> None:
        self._records = records
        self._hosting = hosting
        self._reading = reading
        self._documents = documents
        self._threads = WaitingThreads()

    @operation("ClassifyDocument", resource="{EndpointArn}")
    async def classify(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The classes of a text or a document, by a model of the user's.

        Raises:
            InvalidRequestException: the document cannot be read.
            ResourceUnavailableException: there is no such endpoint, or it does not answer.
            TextSizeLimitExceededException: the text is longer than 100 KB.
        """
        endpoint = self._endpoint(call, request["EndpointArn"], CLASSIFIER_ENDPOINT)
        several, trained_on_native = endpoint.body["several"], endpoint.body["native"]
        _one_of(request)
        if "Text" in request:
            check_text(request["Text"], LONG_BYTES)
            (found,) = await self._ask(endpoint, [request["Text"]])
            answer = answers.classes(found, several=several)
            return answer | _warnings(_NATIVE_MODEL, [1]) if trained_on_native else answer
        read = await self._read(request)
        found = await self._ask(endpoint, [page.text for page in read.pages])
        shown: dict[str, Any] = {"Labels" if several else "Classes": []}
        for page, one in zip(read.pages, found, strict=True):
            for member, entries in answers.classes(one, several=several, page=page.number).items():
                shown[member] += entries
        shown |= _document_members(read)
        if read.is_plain == trained_on_native:
            shown |= _warnings(
                _NATIVE_MODEL if trained_on_native else _PLAIN_MODEL, [page.number for page in read.pages]
            )
        return shown

    @operation("DetectEntities", resource="{EndpointArn}")
    async def entities(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Whom and what a text names; with an endpoint, in the types of the user's own model.

        Raises:
            InvalidRequestException: neither language nor endpoint is named, or the document cannot be read.
            ResourceUnavailableException: there is no such endpoint, or it does not answer.
            TextSizeLimitExceededException: the text is longer than 100 KB.
            UnsupportedLanguageException: there is no model for the language.
        """
        _one_of(request)
        if "EndpointArn" not in request:
            if "Bytes" in request:
                raise InvalidRequestException("Bytes can be sent only with an EndpointArn.")
            if "LanguageCode" not in request:
                raise InvalidRequestException("LanguageCode is required where no EndpointArn is named.")
            language = request["LanguageCode"]
            return await self._threads.call(self._reading.one, ANALYSES["entities"], request["Text"], language)
        endpoint = self._endpoint(call, request["EndpointArn"], RECOGNIZER_ENDPOINT)
        if "Text" in request:
            check_text(request["Text"], LONG_BYTES)
            (found,) = await self._ask(endpoint, [request["Text"]])
            return answers.entities(found)
        read = await self._read(request)
        found = await self._ask(endpoint, [page.text for page in read.pages])
        entities = [
            entity for page, one in zip(read.pages, found, strict=True) for entity in entities_on_page(page, one)
        ]
        blocks = [block for page in read.pages for block in page.blocks]
        return {
            "Entities": entities,
            **_document_members(read),
            "Blocks": blocks,
        }

    async def _read(self, request: Mapping[str, Any]) -> ReadDocument:
        return await self._threads.call(self._documents.read, request["Bytes"], request.get("DocumentReaderConfig"))

    def _endpoint(self, call: Call, arn: str, kind: str) -> Record:
        record = self._records.by_arn(arn)
        if record is None or record.kind != kind or (record.account, record.region) != (call.account, call.region):
            raise ResourceUnavailableException(f"The endpoint {arn} does not exist.")
        return record

    async def _ask(self, endpoint: Record, texts: Sequence[str]) -> list[Any]:
        body = orjson.dumps({"texts": list(texts)})
        try:
            answer = await self._hosting.invoke(endpoint.body["serving"], InvokeRequest(body))
        except EndpointGone as error:
            raise ResourceUnavailableException(f"The endpoint {endpoint.arn} is not IN_SERVICE.") from error
        except (InvocationTimeout, InvocationFailed) as error:
            raise ResourceUnavailableException(f"The endpoint {endpoint.arn} could not answer: {error}") from error
        if answer.status == 400:
            raise InvalidRequestException(answer.body.decode("utf-8", "replace"))
        if answer.status != 200:
            told = answer.body.decode("utf-8", "replace")
            raise ResourceUnavailableException(f"The endpoint {endpoint.arn} could not answer: {told}")
        found: list[Any] = orjson.loads(answer.body)
        return found


def _one_of(request: Mapping[str, Any]) -> None:
    if ("Text" in request) == ("Bytes" in request):
        raise InvalidRequestException("Send either Text or Bytes.")
    if "DocumentReaderConfig" in request and "Bytes" not in request:
        raise InvalidRequestException("DocumentReaderConfig can be set only with Bytes.")


def _document_members(read: ReadDocument) -> dict[str, Any]:
    """What answers tell of a document and its pages beside what was found."""
    return {
        "DocumentMetadata": metadata(read.pages, read.count),
        "DocumentType": [
            {"Page": page.number, "Type": kind} for page, kind in zip(read.pages, read.types, strict=True)
        ],
        "Errors": [{"Page": one.number, "ErrorCode": one.code, "ErrorMessage": one.message} for one in read.failures],
    }


def _warnings(code: str, pages: Sequence[int]) -> dict[str, Any]:
    return {"Warnings": [{"Page": page, "WarnCode": code, "WarnMessage": _WARNINGS[code]} for page in pages]}
