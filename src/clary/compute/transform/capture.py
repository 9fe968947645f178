"""What a batch transform read and wrote, noted for Model Monitor: manifests below a prefix of the user's."""

from __future__ import annotations

import datetime
import json
import uuid
from collections.abc import Sequence

from clary.compute.contract import TransformPlan
from clary.compute.jobs.channel_files import Source, told_as_data_error
from clary.storage.data_access import DataAccess
from clary.storage.object_values import Attributes

_JSON = Attributes(headers={"Content-Type": "application/json"})


def write_capture(data: DataAccess, plan: TransformPlan, sources: Sequence[Source], now: datetime.datetime) -> None:
    """Writes `input/YYYY/MM/DD/HH/ID.json` and the same below `output/`, in the form of SageMaker's manifests.

    Args:
        sources: the objects that were transformed.
        now: the hour of the folder.

    Raises:
        DataError: they cannot be written.
    """
    if not plan.capture_uri or not sources:
        return
    prefix = plan.capture_uri.rstrip("/")
    place = f"{now:%Y/%m/%d/%H}/{uuid.uuid4()}.json"
    read = [{"prefix": f"s3://{sources[0].bucket}/"}, *(source.key for source in sources)]
    written = [{"prefix": plan.output_uri.rstrip("/") + "/"}, *(f"{source.path}.out" for source in sources)]
    for folder, manifest in (("input", read), ("output", written)):
        uri = f"{prefix}/{folder}/{place}"
        with told_as_data_error(uri, plan.replica.role_arn):
            data.upload_bytes(plan.replica.role_arn, uri, json.dumps(manifest).encode(), _JSON)
