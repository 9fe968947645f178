"""The variables that point AWS clients at Clary, shared by `clary env`, `clary exec` and the documentation's tests."""

from __future__ import annotations

import os
from pathlib import Path

from clary.app.data_folder import DataFolder, FirstKey, Running, write_private

SHIM = Path(__file__).parent / "shim"

_SAGEMAKER_CONFIG = """\
SchemaVersion: '1.0'
SageMaker:
  PythonSDK:
    Modules:
      TelemetryOptOut: true
      Session:
        DefaultS3Bucket: sagemaker-{region}-{account}
  TrainingJob:
    RoleArn: {role_arn}
  Model:
    ExecutionRoleArn: {role_arn}
"""


def client_variables(folder: DataFolder, key: FirstKey) -> dict[str, str]:
    """Credentials, region, and a SageMaker SDK configuration: what any way of reaching Clary needs."""
    write_private(
        folder.sagemaker_config,
        _SAGEMAKER_CONFIG.format(region=key.region, account=key.account, role_arn=key.role_arn),
    )
    return {
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_SESSION_TOKEN": "",  # a token of the real AWS left in the shell would spoil every signature
        "AWS_DEFAULT_REGION": key.region,
        "AWS_REGION": key.region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(folder.sagemaker_config),
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
    }


def endpoint_variables(folder: DataFolder, running: Running, key: FirstKey) -> dict[str, str]:
    """The variables of `clary env`: plain HTTP to Clary, hard-coded AWS addresses sent there by the import shim."""
    others = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry and Path(entry) != SHIM]
    return {
        "AWS_ENDPOINT_URL": running.url,
        **client_variables(folder, key),
        "PYTHONPATH": os.pathsep.join([str(SHIM), *others]),
    }
