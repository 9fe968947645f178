from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clary.core.call import Call, Principal
from clary.core.errors import AccessDeniedException, ValidationException
from clary.services.sagemaker.models import Models
from clary.storage.data_access import DataAccessDenied
from clary.storage.identities import Identities
from clary.storage.object_errors import NoSuchBucket, NoSuchKey
from clary.storage.records import Records
from tests.unit.services.sagemaker.conftest import ACCOUNT, ROLE, assert_fits

IMAGE = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:model/my-model"


class DataAccess:
    error: Exception | None = None

    def head(self, role_arn: str, bucket: str, key: str) -> object:
        if self.error is not None:
            raise self.error
        return object()

    def list(self, role_arn: str, uri: str) -> Any:
        if self.error is not None:
            raise self.error
        return iter([object()])


@pytest.fixture
def data_access() -> DataAccess:
    return DataAccess()


@pytest.fixture
def models(records: Records, identities: Identities, data_access: DataAccess) -> Models:
    return Models(records, identities, data_access)  # type: ignore[arg-type]


def wanted(**container: Any) -> dict[str, Any]:
    primary = {"Image": IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz", **container}
    return {"ModelName": "My-Model", "PrimaryContainer": primary, "ExecutionRoleArn": ROLE}


def test_a_model_is_made_and_described(models: Models, call: Call) -> None:
    request = {**wanted(Environment={"A": "b"}), "EnableNetworkIsolation": True}
    assert models.create(call, request) == {"ModelArn": ARN}
    found = models.describe(call, {"ModelName": "My-Model"})
    assert_fits("DescribeModel", found)
    assert found["PrimaryContainer"] == {
        "Image": IMAGE,
        "Mode": "SingleModel",
        "ModelDataUrl": "s3://bucket/model.tar.gz",
        "ModelDataSource": {
            "S3DataSource": {
                "S3Uri": "s3://bucket/model.tar.gz",
                "S3DataType": "S3Object",
                "CompressionType": "Gzip",
            }
        },
        "Environment": {"A": "b"},
    }
    assert found["EnableNetworkIsolation"] is True
    assert found["ExecutionRoleArn"] == ROLE


def test_one_container_in_a_list_is_a_model_too(models: Models, call: Call) -> None:
    request = wanted()
    request["Containers"] = [request.pop("PrimaryContainer")]
    models.create(call, request)
    found = models.describe(call, {"ModelName": "My-Model"})
    assert_fits("DescribeModel", found)
    assert [container["Image"] for container in found["Containers"]] == [IMAGE]


def test_a_name_is_taken_once_whatever_its_case(models: Models, call: Call) -> None:
    models.create(call, wanted())
    for name in ("My-Model", "my-model"):
        with pytest.raises(ValidationException) as refusal:
            models.create(call, {**wanted(), "ModelName": name})
        assert refusal.value.message == f'Cannot create already existing model "{ARN}".'


def test_a_model_that_is_not_there_is_named(models: Models, call: Call) -> None:
    for method in (models.describe, models.delete):
        with pytest.raises(ValidationException) as refusal:
            method(call, {"ModelName": "My-Model"})
        assert refusal.value.message == f'Could not find model "{ARN}".'


def test_a_deleted_model_is_gone_and_its_name_free(models: Models, call: Call) -> None:
    models.create(call, wanted())
    assert models.delete(call, {"ModelName": "My-Model"}) == {}
    models.create(call, wanted())


def test_models_are_listed_newest_first_page_by_page(models: Models, call: Call, clock: Any) -> None:
    for number in range(5):
        models.create(call, {**wanted(), "ModelName": f"model-{number}"})
        clock.advance(1)
    first = models.list(call, {"MaxResults": 3})
    assert_fits("ListModels", first)
    rest = models.list(call, {"MaxResults": 3, "NextToken": first["NextToken"]})
    names = [model["ModelName"] for model in first["Models"] + rest["Models"]]
    assert names == [f"model-{number}" for number in (4, 3, 2, 1, 0)]
    assert "NextToken" not in rest
    found = models.list(call, {"NameContains": "L-3", "SortBy": "Name", "SortOrder": "Ascending"})
    assert [model["ModelName"] for model in found["Models"]] == ["model-3"]


def test_another_account_sees_nothing(models: Models, call: Call) -> None:
    models.create(call, wanted())
    assert models.list(replace(call, account="999999999999"), {}) == {"Models": []}


@pytest.mark.parametrize("error", [NoSuchKey(), NoSuchBucket()])
def test_model_data_must_be_there(models: Models, call: Call, data_access: DataAccess, error: Exception) -> None:
    data_access.error = error
    with pytest.raises(ValidationException) as refusal:
        models.create(call, wanted())
    assert refusal.value.message == "Could not find model data at s3://bucket/model.tar.gz."


def test_the_role_must_reach_the_model_data(models: Models, call: Call, data_access: DataAccess) -> None:
    data_access.error = DataAccessDenied("not s3:GetObject")
    with pytest.raises(ValidationException) as refusal:
        models.create(call, wanted())
    message = refusal.value.message
    assert message.startswith("Could not access model data at s3://bucket/model.tar.gz. Please ensure that the role")
    assert f'"{ROLE}"' in message


def test_the_caller_must_be_allowed_to_pass_the_role(models: Models, call: Call) -> None:
    nobody = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/nobody", ACCOUNT, name="nobody")
    with pytest.raises(AccessDeniedException, match="iam:PassRole"):
        models.create(replace(call, principal=nobody), wanted())


def test_a_role_is_required(models: Models, call: Call) -> None:
    request = wanted()
    del request["ExecutionRoleArn"]
    with pytest.raises(ValidationException, match="ExecutionRoleArn"):
        models.create(call, request)


SOURCE = {"S3Uri": "s3://bucket/prefix/", "S3DataType": "S3Prefix", "CompressionType": "None"}


def test_a_model_of_files_is_taken(models: Models, call: Call) -> None:
    request = wanted(ModelDataSource={"S3DataSource": SOURCE})
    del request["PrimaryContainer"]["ModelDataUrl"]
    models.create(call, request)
    found = models.describe(call, {"ModelName": "My-Model"})
    assert found["PrimaryContainer"]["ModelDataSource"] == {"S3DataSource": SOURCE}


@pytest.mark.parametrize(
    ("container", "word"),
    [
        ({"Mode": "MultiModel"}, "multi-model"),
        ({"ModelPackageName": "p"}, "model packages"),
        ({"Image": "my/own:1"}, "my/own:1"),
        ({"Image": ""}, "Image"),
        ({"AdditionalModelDataSources": [{}]}, "additional model data"),
        ({"ImageConfig": {"RepositoryAccessMode": "Vpc"}}, "private registries"),
        ({"ModelDataUrl": "s3://bucket/folder/"}, "one tar.gz"),
        ({"ModelDataUrl": "https://example.com/m.tar.gz"}, "S3 URI"),
        ({"ModelDataSource": {"S3DataSource": SOURCE}}, "not both"),
        (
            {"ModelDataUrl": None, "ModelDataSource": {"S3DataSource": {**SOURCE, "CompressionType": "Gzip"}}},
            "CompressionType Gzip",
        ),
        (
            {"ModelDataUrl": None, "ModelDataSource": {"S3DataSource": {**SOURCE, "S3Uri": "s3://bucket/x"}}},
            "end with a slash",
        ),
    ],
)
def test_what_clary_cannot_serve_is_refused_by_name(
    models: Models, call: Call, container: dict[str, Any], word: str
) -> None:
    with pytest.raises(ValidationException, match=word):
        models.create(call, wanted(**container))
    assert models.list(call, {}) == {"Models": []}


def test_several_containers_and_none_are_refused(models: Models, call: Call) -> None:
    container = wanted()["PrimaryContainer"]
    base = {"ModelName": "m", "ExecutionRoleArn": ROLE}
    for request, word in (
        ({**base, "Containers": [container, container]}, "several containers"),
        ({**base, "Containers": [container], "PrimaryContainer": container}, "not both"),
        (base, "both are missing"),
    ):
        with pytest.raises(ValidationException, match=word):
            models.create(call, request)
