"""The policy simulator says what a real call would be told."""

from __future__ import annotations

import json

import pytest

from clary.services.iam.errors import InvalidInput, NoSuchEntity
from clary.storage.identities import DEFAULT_ROLE

from ..desk import ACCOUNT, Desk

ROLE = f"arn:aws:iam::{ACCOUNT}:role/{DEFAULT_ROLE}"


def policy(effect: str, action: str, resource: str = "*", **parts) -> str:
    statement = {"Effect": effect, "Action": action, "Resource": resource, **parts}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def decisions(answer) -> dict[tuple[str, str], str]:
    return {
        (result["EvalActionName"], result["EvalResourceName"]): result["EvalDecision"]
        for result in answer["EvaluationResults"]
    }


def test_the_execution_role_passes_what_the_sdk_asks(iam: Desk) -> None:
    actions = ["sagemaker:CreateTrainingJob", "s3:GetObject", "logs:PutLogEvents", "ecr:BatchGetImage"]
    answer = iam("SimulatePrincipalPolicy", PolicySourceArn=ROLE, ActionNames=actions)
    assert decisions(answer) == {(action, "*"): "allowed" for action in actions}
    assert answer["IsTruncated"] is False
    matched = answer["EvaluationResults"][0]["MatchedStatements"]
    assert matched == [{"SourcePolicyId": "AdministratorAccess", "SourcePolicyType": "aws-managed"}]


def test_a_user_is_simulated_with_all_its_policies(iam: Desk) -> None:
    iam("CreateUser", UserName="alice")
    iam("PutUserPolicy", UserName="alice", PolicyName="a", PolicyDocument=policy("Allow", "s3:*", "arn:aws:s3:::b/*"))
    iam("PutUserPolicy", UserName="alice", PolicyName="d", PolicyDocument=policy("Deny", "s3:Delete*"))
    answer = iam(
        "SimulatePrincipalPolicy",
        PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:user/alice",
        ActionNames=["s3:GetObject", "s3:DeleteObject"],
        ResourceArns=["arn:aws:s3:::b/k", "arn:aws:s3:::c/k"],
    )
    assert decisions(answer) == {
        ("s3:GetObject", "arn:aws:s3:::b/k"): "allowed",
        ("s3:GetObject", "arn:aws:s3:::c/k"): "implicitDeny",
        ("s3:DeleteObject", "arn:aws:s3:::b/k"): "explicitDeny",
        ("s3:DeleteObject", "arn:aws:s3:::c/k"): "explicitDeny",
    }


def test_results_come_in_pages(iam: Desk) -> None:
    actions = [f"s3:Action{number}" for number in range(7)]
    seen: list[str] = []
    answer = iam("SimulatePrincipalPolicy", PolicySourceArn=ROLE, ActionNames=actions, MaxItems=3)
    while True:
        seen += [result["EvalActionName"] for result in answer["EvaluationResults"]]
        if not answer["IsTruncated"]:
            break
        answer = iam(
            "SimulatePrincipalPolicy", PolicySourceArn=ROLE, ActionNames=actions, MaxItems=3, Marker=answer["Marker"]
        )
    assert seen == actions


def test_context_decides_conditions_and_its_lack_is_reported(iam: Desk) -> None:
    rule = policy("Allow", "s3:ListBucket", Condition={"StringLike": {"s3:prefix": "home/*"}})
    parts = {"PolicyInputList": [rule], "ActionNames": ["s3:ListBucket"]}
    (result,) = iam("SimulateCustomPolicy", **parts)["EvaluationResults"]
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("implicitDeny", ["s3:prefix"])
    entry = {"ContextKeyName": "s3:prefix", "ContextKeyValues": ["home/a"], "ContextKeyType": "string"}
    (result,) = iam("SimulateCustomPolicy", **parts, ContextEntries=[entry])["EvaluationResults"]
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("allowed", [])


def test_boundaries_and_resource_policies_take_part(iam: Desk) -> None:
    answer = iam(
        "SimulateCustomPolicy",
        PolicyInputList=[policy("Allow", "*")],
        PermissionsBoundaryPolicyInputList=[policy("Allow", "s3:Get*")],
        ActionNames=["s3:GetObject", "s3:PutObject"],
    )
    assert decisions(answer) == {("s3:GetObject", "*"): "allowed", ("s3:PutObject", "*"): "implicitDeny"}
    bucket = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*"},
        }
    )
    answer = iam(
        "SimulatePrincipalPolicy",
        PolicySourceArn=ROLE,
        ActionNames=["s3:GetObject"],
        ResourceArns=["arn:aws:s3:::b/k", "arn:aws:s3:::c/k"],
        ResourcePolicy=bucket,
    )
    assert list(decisions(answer).values()) == ["explicitDeny", "allowed"]


def test_what_cannot_be_simulated_is_refused(iam: Desk) -> None:
    with pytest.raises(NoSuchEntity):
        iam("SimulatePrincipalPolicy", PolicySourceArn=f"arn:aws:iam::{ACCOUNT}:role/no", ActionNames=["s3:GetObject"])
    with pytest.raises(InvalidInput):
        iam("SimulatePrincipalPolicy", PolicySourceArn="arn:aws:iam::999999999999:role/x", ActionNames=["s3:GetObject"])
    with pytest.raises(InvalidInput, match=r"Invalid policy PolicyInputList\.1"):
        iam("SimulateCustomPolicy", PolicyInputList=["{"], ActionNames=["s3:GetObject"])
    with pytest.raises(InvalidInput, match="Invalid action"):
        iam("SimulateCustomPolicy", PolicyInputList=[policy("Allow", "*")], ActionNames=["GetObject"])
