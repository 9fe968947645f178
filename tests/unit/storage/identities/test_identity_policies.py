"""AWS's managed policies, and passing roles."""

from __future__ import annotations

import json

import pytest

from clary.core.call import Principal
from clary.core.policy_documents import parse
from clary.storage.identities import Identities
from clary.storage.identity_catalogue import managed_policies
from clary.storage.identity_entities import ROLE, USER

from .kit import ACCOUNT, ALLOW_ALL, DENY_ALL, OBJECT, may

# -- AWS's policies --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arn", managed_policies())
def test_every_managed_policy_can_be_read(arn: str, identities: Identities) -> None:
    assert parse(identities.policies.document(arn) or "").statements
    assert identities.policies.get(arn).arn == arn


def test_ids_of_managed_policies_differ(identities: Identities) -> None:
    assert len({identities.policies.get(arn).id for arn in managed_policies()}) == len(managed_policies())


@pytest.mark.parametrize(
    ("policy", "action", "resource", "allowed"),
    [
        ("AdministratorAccess", "anything:AtAll", "arn:aws:x:::y", True),
        (
            "AmazonSageMakerFullAccess",
            "sagemaker:CreateTrainingJob",
            "arn:aws:sagemaker:us-east-1:123456789012:x",
            True,
        ),
        ("AmazonSageMakerFullAccess", "s3:GetObject", "arn:aws:s3:::sagemaker-us-east-1-123456789012/k", True),
        ("AmazonSageMakerFullAccess", "s3:GetObject", "arn:aws:s3:::private/k", False),
        ("AmazonSageMakerFullAccess", "iam:CreateUser", "*", False),
        ("AmazonS3ReadOnlyAccess", "s3:GetObject", OBJECT, True),
        ("AmazonS3ReadOnlyAccess", "s3:PutObject", OBJECT, False),
        ("AmazonRekognitionFullAccess", "rekognition:DetectFaces", "*", True),
        ("AmazonTextractFullAccess", "textract:AnalyzeDocument", "*", True),
        ("ComprehendFullAccess", "comprehend:DetectSentiment", "*", True),
        ("AmazonAugmentedAIFullAccess", "sagemaker:StartHumanLoop", "*", True),
        ("AmazonEC2ContainerRegistryFullAccess", "ecr:PutImage", "*", True),
        ("CloudWatchLogsFullAccess", "logs:PutLogEvents", "*", True),
        ("IAMFullAccess", "iam:CreateUser", "*", True),
        ("PowerUserAccess", "iam:CreateUser", "*", False),
        ("PowerUserAccess", "s3:PutObject", OBJECT, True),
        ("service-role/AmazonPersonalizeFullAccess", "personalize:CreateSolution", "*", True),
    ],
)
def test_managed_policies_allow_what_their_names_say(
    identities: Identities, alice: Principal, policy: str, action: str, resource: str, allowed: bool
) -> None:
    identities.policies.attach(ACCOUNT, USER, "alice", f"arn:aws:iam::aws:policy/{policy}")
    assert may(identities, alice, action, resource) is allowed


def test_a_request_that_leaves_out_the_path_is_held_against_the_whole_arn(
    identities: Identities, alice: Principal
) -> None:
    identities.entities.create(ACCOUNT, ROLE, "guarded", "/protected/", {"trust": "{}"})
    identities.policies.put_inline(ACCOUNT, USER, "alice", "all", ALLOW_ALL)
    deny = json.loads(DENY_ALL)
    deny["Statement"]["Resource"] = "arn:aws:iam::*:role/protected/*"
    identities.policies.put_inline(ACCOUNT, USER, "alice", "deny", json.dumps(deny))
    assert not may(identities, alice, "iam:DeleteRole", f"arn:aws:iam::{ACCOUNT}:role/guarded")
    assert may(identities, alice, "iam:DeleteRole", f"arn:aws:iam::{ACCOUNT}:role/other")


def test_a_role_is_passed_to_the_services_its_policy_names_alone(identities: Identities, alice: Principal) -> None:
    role = identities.bootstrap().role_arn
    identities.policies.attach(ACCOUNT, USER, "alice", "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess")
    assert identities.may_pass(alice, role, "sagemaker.amazonaws.com").allowed
    assert not identities.may_pass(alice, role, "personalize.amazonaws.com").allowed
