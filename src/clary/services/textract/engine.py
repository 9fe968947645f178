"""The documents engine as Textract asks it: plain values become typed ones, refusals become Textract's errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cbor2

from clary.compute.engine_hosts.hosts import EngineBusy, EngineFailed, Engines
from clary.core.errors import ServiceError
from clary.engines.documents.contract import Page
from clary.engines.documents.papers import Expense, Identity, LendingPage, LendingSummary
from clary.engines.documents.plain_values import from_plain
from clary.engines.documents.understanding import Understanding
from clary.engines.refusals import Refused
from clary.services.textract.errors import (
    BadDocumentException,
    DocumentTooLargeException,
    InternalServerError,
    InvalidParameterException,
    ThrottlingException,
    UnsupportedDocumentException,
)

Ask = Callable[..., Any]
"""Asks the engine: the method's name, then its arguments by name."""

_REFUSALS: Mapping[str, type[ServiceError]] = {
    "unsupported-format": UnsupportedDocumentException,
    "encrypted-document": UnsupportedDocumentException,
    "too-many-pages": UnsupportedDocumentException,
    "too-large": DocumentTooLargeException,
}


@dataclass(frozen=True, slots=True)
class ReadExpenses:
    """The bills in a document, with its pages."""

    pages: tuple[Page, ...]
    expenses: tuple[Expense, ...]


@dataclass(frozen=True, slots=True)
class ReadIdentities:
    """The identity documents on pictures, with these as pages."""

    pages: tuple[Page, ...]
    identities: tuple[Identity, ...]


@dataclass(frozen=True, slots=True)
class ReadLoanFile:
    """The papers of a loan file.

    Attributes:
        kinds: the names of all kinds that are told apart.
    """

    pages: tuple[Page, ...]
    results: tuple[LendingPage, ...]
    summary: LendingSummary
    kinds: tuple[str, ...]


class DocumentReader:
    """Asks the documents engine, wherever it runs.

    Args:
        ask: reaches it: a host of its own for requests, this process for jobs.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def count_pages(self, document: bytes, most: int | None = None) -> int:
        """How many pages a document has.

        Raises:
            Refused: it cannot be read, or has more than `most`.
        """
        return int(self._ask("inspect", document=document, most_pages=most)["pages"])

    def page(self, document: bytes, number: int = 1) -> Page:
        """The text of a page; raises `Refused`."""
        (value,) = self._ask("read", document=document, first=number, count=1)
        return Page.from_value(value)

    def analysis(
        self,
        document: bytes,
        features: Sequence[str],
        queries: Sequence[Mapping[str, Any]] = (),
        adapters: Sequence[bytes] = (),
        number: int = 1,
    ) -> tuple[Page, Understanding]:
        """The text of a page and what is understood of it; raises `Refused`.

        Args:
            features: FeatureTypes.
            queries: Query structures to the page.
            adapters: what adapters have learned.
        """
        questions = [
            {"text": query["Text"], **({"alias": query["Alias"]} if "Alias" in query else {})} for query in queries
        ]
        answer = self._ask(
            "analyze",
            document=document,
            features=[feature.lower() for feature in features],
            questions=questions,
            adapters=list(adapters),
            number=number,
        )
        return Page.from_value(answer["page"]), from_plain(Understanding, answer["understanding"])

    def expenses(self, document: bytes, pages: Sequence[Page] | None = None) -> ReadExpenses:
        """The bills in a document; raises `Refused`.

        Args:
            pages: all of its pages, where they were read already.
        """
        answer = self._ask("expense", document=document, pages=_values(pages))
        return ReadExpenses(_pages(answer["pages"]), tuple(from_plain(Expense, value) for value in answer["expenses"]))

    def identities(self, documents: Sequence[bytes]) -> ReadIdentities:
        """The identity documents on pictures; raises `Refused`."""
        answer = self._ask("identity", documents=list(documents))
        return ReadIdentities(
            _pages(answer["pages"]), tuple(from_plain(Identity, value) for value in answer["identities"])
        )

    def loan_file(self, document: bytes, pages: Sequence[Page] | None = None) -> ReadLoanFile:
        """The papers of a loan file; raises `Refused`.

        Args:
            pages: all of its pages, where they were read already.
        """
        answer = self._ask("lending", document=document, pages=_values(pages))
        return ReadLoanFile(
            _pages(answer["pages"]),
            tuple(from_plain(LendingPage, value) for value in answer["results"]),
            from_plain(LendingSummary, answer["summary"]),
            tuple(answer["kinds"]),
        )

    def learn_adapter(self, examples: Sequence[Mapping[str, Any]]) -> bytes:
        """What an adapter learns from labelled pages; raises `Refused`."""
        return bytes(self._ask("learn_adapter", examples=list(examples)))


def asked_of_host(engines: Engines) -> Ask:
    """Reaches the engine in its own process; its refusals and failures are raised as Textract's errors."""

    def ask(method: str, **arguments: Any) -> Any:
        try:
            return engines.call("documents", method, **arguments)
        except Refused as refused:
            raise told(refused) from refused
        except EngineBusy as error:
            raise ThrottlingException from error
        except EngineFailed as error:
            raise InternalServerError(why=str(error)) from error

    return ask


def asked_here(engine: object) -> Ask:
    """Calls an engine that was loaded in this process; what it answers is what its host would hand over."""

    def ask(method: str, **arguments: Any) -> Any:
        return cbor2.loads(cbor2.dumps(getattr(engine, method)(**arguments)))

    return ask


def told(refused: Refused) -> ServiceError:
    """Textract's error for what the engine refuses."""
    if refused.reason in ("no-such-page", "bad-adapter"):
        return InvalidParameterException(rule=refused.message)
    return _REFUSALS.get(refused.reason, BadDocumentException)(why=refused.message)


def _values(pages: Sequence[Page] | None) -> list[dict[str, Any]] | None:
    return None if pages is None else [page.to_value() for page in pages]


def _pages(values: Sequence[Mapping[str, Any]]) -> tuple[Page, ...]:
    return tuple(Page.from_value(value) for value in values)
