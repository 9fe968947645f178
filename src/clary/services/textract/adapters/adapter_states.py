"""What adapters have learned, as it lies in Textract's folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clary.core.call import Call
from clary.services.textract.errors import InvalidParameterException
from clary.services.textract.names import ADAPTER_VERSION
from clary.services.textract.queries import of_page
from clary.storage.records import Records

ACTIVE, IN_CREATION = "ACTIVE", "CREATION_IN_PROGRESS"
STATE, METRICS, EXAMPLES = "state", "metrics.json", "examples.json"


class AdapterStates:
    """Finds the states of the adapters that requests name.

    Args:
        folder: Textract's.
    """

    def __init__(self, records: Records, folder: Path) -> None:
        self._records = records
        self._folder = folder

    def place(self, adapter_id: str, version: str) -> Path:
        """The folder of a version: its examples, what it learned and how well."""
        return self._folder / "adapters" / adapter_id / version

    def state(self, call: Call, adapter: Mapping[str, Any]) -> bytes:
        """What a version has learned.

        Args:
            adapter: an Adapter structure of a request.

        Raises:
            InvalidParameterException: the caller has no such version, or it is not ACTIVE.
        """
        name = f"{adapter['AdapterId']}/{adapter['Version']}"
        record = self._records.get(ADAPTER_VERSION, call.account, call.region, name)
        if record is None:
            raise InvalidParameterException(rule=f"AdaptersConfig.Adapters: there is no adapter version {name}.")
        if record.status != ACTIVE:
            raise InvalidParameterException(
                rule=f"AdaptersConfig.Adapters: the adapter version {name} is {record.status}, not {ACTIVE}."
            )
        return (self.place(adapter["AdapterId"], adapter["Version"]) / STATE).read_bytes()

    def of_page(self, call: Call, request: Mapping[str, Any], number: int) -> list[bytes]:
        """What those adapters of a request have learned that are meant for a page.

        Raises:
            InvalidParameterException: as `state`.
        """
        named = request.get("AdaptersConfig", {}).get("Adapters", [])
        return [self.state(call, adapter) for adapter in of_page(named, number)]
