"""Every call is held against policies; refusals read as on AWS."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from clary.core.call import ANONYMOUS, Call, Principal
from clary.core.errors import AccessDenied, AccessDeniedException, ServiceError
from clary.core.operations import BoundOperation, OperationMark
from clary.gateway.authorization import ArnRule, Authorizer, Guard, tag_conditions
from clary.storage.database import Database
from clary.storage.identities import SCHEMA, Identities
from clary.storage.identity_entities import USER
from clary.storage.identity_keys import user_principal

ACCOUNT = "123456789012"
RULES = {"s3": ArnRule("s3", has_region=False, has_account=False), "sagemaker": ArnRule("sagemaker")}
OPEN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}],
}


@pytest.fixture
def identities(tmp_path):
    database = Database(tmp_path / "identities.db", SCHEMA)
    yield Identities(database)
    database.close()


@pytest.fixture
def alice(identities: Identities) -> Principal:
    return user_principal(identities.entities.create(ACCOUNT, USER, "alice"))


def check(
    identities: Identities,
    principal: Principal,
    mark: OperationMark,
    api: str,
    guard: Guard | None = None,
    **request: Any,
) -> None:
    authorizer = Authorizer(identities, RULES, lambda call, request: guard or Guard())
    call = Call(api, mark.name, ACCOUNT, "eu-west-1", principal, "id", datetime.now(UTC))
    authorizer.check(call, BoundOperation(api, mark, lambda call, request: {}), request)


GET = OperationMark("GetObject", resource="{Bucket}/{Key}")
STOP = OperationMark("StopTrainingJob", resource="training-job/{TrainingJobName}", lower=True)


def refused(*arguments: Any, **request: Any) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        check(*arguments, **request)
    return caught.value


def test_a_json_api_names_caller_action_resource_and_reason(identities: Identities, alice: Principal) -> None:
    error = refused(identities, alice, STOP, "sagemaker", TrainingJobName="My-Job")
    assert type(error) is AccessDeniedException
    assert error.message == (
        f"User: {alice.arn} is not authorized to perform: sagemaker:StopTrainingJob on resource: "
        f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:training-job/my-job because no identity-based policy allows the "
        "sagemaker:StopTrainingJob action"
    )


def test_s3_puts_the_resource_into_quotation_marks(identities: Identities, alice: Principal) -> None:
    error = refused(identities, alice, GET, "s3", Bucket="data", Key="k")
    assert type(error) is AccessDenied
    assert error.message.endswith(
        'on resource: "arn:aws:s3:::data/k" because no identity-based policy allows the s3:GetObject action'
    )


def test_an_explicit_deny_says_where_it_stands(identities: Identities, alice: Principal) -> None:
    identities.policies.attach(ACCOUNT, USER, "alice", "arn:aws:iam::aws:policy/AmazonS3FullAccess")
    deny = {"Version": "2012-10-17", "Statement": [{**OPEN["Statement"][0], "Effect": "Deny"}]}  # type: ignore[dict-item]
    check(identities, alice, GET, "s3", Bucket="data", Key="k")
    error = refused(identities, alice, GET, "s3", Guard(deny, ACCOUNT), Bucket="data", Key="k")
    assert error.message.endswith("with an explicit deny in a resource-based policy")


def test_somebody_anonymous_is_told_nothing(identities: Identities) -> None:
    assert refused(identities, ANONYMOUS, GET, "s3", Guard(account=ACCOUNT), Bucket="data", Key="k").message == (
        "Access Denied"
    )
    check(identities, ANONYMOUS, GET, "s3", Guard(OPEN, ACCOUNT), Bucket="data", Key="k")


def test_public_operations_and_missing_resources_are_left_to_their_handlers(identities: Identities, alice) -> None:
    check(identities, alice, OperationMark("GetObject", public=True), "s3")
    check(identities, alice, GET, "s3", Guard(is_missing=True), Bucket="none", Key="k")


@pytest.mark.parametrize("member", ["campaignArn", "recommenderArn"])
def test_a_resource_that_may_be_named_in_either_of_two_members_is_protected_in_both(
    identities: Identities, alice: Principal, member: str
) -> None:
    mark = OperationMark("GetRecommendations", resource="{campaignArn} or {recommenderArn}")
    secret, other = (f"arn:aws:personalize:eu-west-1:{ACCOUNT}:thing/{name}" for name in ("secret", "other"))
    statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    statements += [{"Effect": "Deny", "Action": "sagemaker:GetRecommendations", "Resource": secret}]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    identities.policies.put_inline(ACCOUNT, USER, "alice", "p", document)
    check(identities, alice, mark, "sagemaker", **{member: other})
    assert "explicit deny" in refused(identities, alice, mark, "sagemaker", **{member: secret}).message


@pytest.mark.parametrize("sent", ["secret", "arn:aws:sagemaker:eu-west-1:123456789012:log-group:secret:*"])
def test_a_resource_is_protected_when_its_arn_is_sent_in_the_place_of_its_name(
    identities: Identities, alice: Principal, sent: str
) -> None:
    mark = OperationMark("Read", resource="log-group:{name}:log-stream:* or log-group:{identifier}:log-stream:*")
    secret = f"arn:aws:sagemaker:eu-west-1:{ACCOUNT}:log-group:secret:*"
    statements = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    statements += [{"Effect": "Deny", "Action": "*", "Resource": secret}]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    identities.policies.put_inline(ACCOUNT, USER, "alice", "p", document)
    check(identities, alice, mark, "sagemaker", identifier="other")
    assert "explicit deny" in refused(identities, alice, mark, "sagemaker", identifier=sent).message


def test_policies_may_demand_the_tags_of_a_request(identities: Identities, alice: Principal) -> None:
    statement = {
        "Effect": "Allow",
        "Action": "sagemaker:CreateTrainingJob",
        "Resource": "*",
        "Condition": {
            "StringEquals": {"aws:RequestTag/team": "red"},
            "ForAllValues:StringEquals": {"aws:TagKeys": ["team", "cost"]},
        },
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    identities.policies.put_inline(ACCOUNT, USER, "alice", "tags", document)
    mark = OperationMark("CreateTrainingJob", resource="training-job/{TrainingJobName}")
    team, other = {"Key": "team", "Value": "red"}, {"Key": "other", "Value": "x"}
    check(identities, alice, mark, "sagemaker", TrainingJobName="one", Tags=[team])
    for tags in ([], [other], [team, other], [{"Key": "team", "Value": "blue"}]):
        assert isinstance(
            refused(identities, alice, mark, "sagemaker", TrainingJobName="one", Tags=tags), AccessDeniedException
        )


@pytest.mark.parametrize(
    ("request_", "keys"),
    [
        ({"Tags": [{"Key": "a", "Value": "1"}]}, {"aws:RequestTag/a": "1", "aws:TagKeys": ("a",)}),
        ({"tags": [{"tagKey": "a", "tagValue": "1"}]}, {"aws:RequestTag/a": "1", "aws:TagKeys": ("a",)}),
        ({"Tags": {"a": "1", "b": "2"}}, {"aws:RequestTag/a": "1", "aws:RequestTag/b": "2", "aws:TagKeys": ("a", "b")}),
        ({"TagKeys": ["a", "b"]}, {"aws:TagKeys": ("a", "b")}),
        ({"Tags": "of another kind"}, {}),
        ({}, {}),
    ],
)
def test_tags_are_read_however_an_api_writes_them(request_: dict[str, Any], keys: dict[str, Any]) -> None:
    assert tag_conditions(request_) == keys
