"""Where jobs read and write in S3, as requests say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.core.call import Call
from clary.services.comprehend.document_pages import check_reader
from clary.services.comprehend.errors import InvalidRequestException
from clary.storage.data_access import DataAccess, parse_uri

ONE_DOC_PER_LINE = "ONE_DOC_PER_LINE"
ONE_DOC_PER_FILE = "ONE_DOC_PER_FILE"


def check_place(data: DataAccess, uri: str, member: str) -> str:
    """An S3 address whose bucket exists, without a slash at its end.

    Raises:
        InvalidRequestException: there is no such bucket.
    """
    bucket, _ = parse_uri(uri)
    if not data.bucket_exists(bucket):
        raise InvalidRequestException(f"{member} {uri}: the bucket {bucket} does not exist.")
    return uri.rstrip("/")


def check_input(data: DataAccess, config: Mapping[str, Any], *, reads_documents: bool = False) -> dict[str, Any]:
    """An InputDataConfig that a job can follow, with the format that is meant where none is named.

    Args:
        reads_documents: whether the job reads PDFs and images.

    Raises:
        InvalidRequestException: the bucket does not exist, the job does not read documents, or how they are to be read
            is not said whole.
    """
    check_place(data, config["S3Uri"], "InputDataConfig.S3Uri")
    if "DocumentReaderConfig" in config and not reads_documents:
        raise InvalidRequestException(
            "InputDataConfig.DocumentReaderConfig: only classification jobs and entity detection jobs with a custom "
            "model read documents."
        )
    check_reader(config.get("DocumentReaderConfig"), "InputDataConfig.DocumentReaderConfig")
    return {"InputFormat": ONE_DOC_PER_LINE, **config}


def output_folder(call: Call, uri: str, mark: str, job: str) -> str:
    """The folder of S3 that a job writes to.

    Args:
        uri: of the request's OutputDataConfig.
        mark: the kind of job ("SENTIMENT").
        job: its id.
    """
    return f"{uri.rstrip('/')}/{call.account}-{mark}-{job}/output"
