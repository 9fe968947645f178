"""One reader for all tests of documents: its models load once."""

from __future__ import annotations

import pytest

from clary.engines.documents.ocr import Ocr
from clary.engines.documents.reading import Reader


@pytest.fixture(scope="session")
def reader() -> Reader:
    return Reader(Ocr(threads=2))
