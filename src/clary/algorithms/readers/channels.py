"""A channel of a training job: its files or pipe below `input/data`, read in the format of its content type."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clary.algorithms.contract import AlgorithmError
from clary.algorithms.readers import csv, libsvm, parquet, recordio
from clary.algorithms.readers.content_types import CSV, LIBSVM, PARQUET, ContentType, training_content_type
from clary.algorithms.readers.table import Source, Table


@dataclass(frozen=True, slots=True)
class InputChannel:
    """A channel as `input/config/inputdataconfig.json` describes it.

    Attributes:
        folder: `input/data`; files are in `folder/NAME`, pipes are `folder/NAME_EPOCH`.
        content_type: as given, "" when missing.
        mode: "File", "FastFile" or "Pipe".
    """

    name: str
    folder: Path
    content_type: str = ""
    mode: str = "File"

    @classmethod
    def from_config(cls, name: str, folder: Path, config: Mapping[str, Any]) -> InputChannel:
        """Reads one entry of `inputdataconfig.json`."""
        return cls(name, folder, str(config.get("ContentType") or ""), str(config.get("TrainingInputMode") or "File"))

    def sources(self, epoch: int = 0) -> list[Source]:
        """The files of the channel in a stable order, or the contents of its pipe for one pass.

        Raises:
            AlgorithmError: there is no such folder or pipe.
        """
        if self.mode == "Pipe":
            pipe = self.folder / f"{self.name}_{epoch}"
            if not pipe.exists():
                raise AlgorithmError(f"Channel {self.name}: the pipe {pipe.name} does not exist.")
            return [Source(f"Pipe {pipe.name}", data=pipe.read_bytes())]
        folder = self.folder / self.name
        if not folder.is_dir():
            return []
        return [Source(str(path.relative_to(folder)), path) for path in _files(folder)]

    def read(self, label_size: int = 1, weights: bool = False) -> Table:
        """Reads the whole channel.

        Args:
            weights: whether CSV files hold weights after the labels.

        Raises:
            AlgorithmError: the content type is not known, or the data is wrong.
        """
        content_type = training_content_type(self.content_type)
        if self.mode == "Pipe" and content_type.format == LIBSVM:
            raise AlgorithmError("Pipe mode is not supported for LIBSVM; use File mode or another content type.")
        try:
            return _read(content_type, self.sources(), label_size, weights)
        except AlgorithmError as error:
            raise AlgorithmError(f"Channel {self.name}: {error}") from None


def _read(content_type: ContentType, sources: list[Source], label_size: int, weights: bool) -> Table:
    """Reads sources of one format."""
    if content_type.format == CSV:
        size = label_size if content_type.label_size is None else content_type.label_size
        return csv.read(sources, size, weights)
    if content_type.format == LIBSVM:
        return libsvm.read(sources)
    if content_type.format == PARQUET:
        return parquet.read(sources, label_size)
    return recordio.read(sources, labelled=label_size > 0)


def _files(folder: Path) -> list[Path]:
    """The data files below a folder, sorted; names that start with "." or "_" are not data, nor are empty files."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        for name in names:
            path = Path(parent, name)
            if name.startswith((".", "_")):
                continue
            state = path.stat()
            if stat.S_ISREG(state.st_mode) and state.st_size:
                found.append(path)
    return sorted(found)
