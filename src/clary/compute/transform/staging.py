"""What a batch transform needs before its first request: objects to read, leave to write, and the model's files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from clary.compute.contract import TransformPlan
from clary.compute.folder import clear
from clary.compute.hosting.model_files import ModelStore, ModelUnavailable
from clary.compute.jobs.channel_files import DataError, Source, channel_sources, check_names, shard, told_as_data_error
from clary.storage.data_access import DataAccess, parse_uri


def stage(data: DataAccess, plan: TransformPlan, roots: Sequence[Path]) -> list[list[Source]]:
    """Finds the objects, checks that outputs may be written, and fetches the model for each host.

    Args:
        roots: each host's folder; the model goes to `model/` of it, the user's code to `code/`.

    Returns:
        Each host's share of the objects.

    Raises:
        DataError: with a message for the job's FailureReason.
    """
    role_arn = plan.replica.role_arn
    with told_as_data_error(plan.input.uri, role_arn):
        sources = check_names(channel_sources(data, role_arn, plan.input), plan.input.name)
    for uri in filter(None, (plan.output_uri, plan.capture_uri)):
        bucket, prefix = parse_uri(uri)
        with told_as_data_error(uri, role_arn):
            data.require(role_arn, "s3:PutObject", bucket, f"{prefix.rstrip('/')}/".lstrip("/") + "any.out")
    store = ModelStore(data)
    for root in roots:
        clear(root)  # a replica of a supervisor that was killed may have left anything in it
        root.mkdir(parents=True)
        try:
            store.fetch(role_arn, plan.replica.model_uri, root)
            if plan.replica.code_uri:
                store.fetch_code(role_arn, plan.replica.code_uri, root)
        except ModelUnavailable as error:
            raise DataError(str(error)) from error
    return [shard(sources, plan.input, number, len(roots)) for number in range(len(roots))]
